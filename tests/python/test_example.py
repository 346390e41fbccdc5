"""The example in examples/python, on a small size."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/python/integrate.py"


def test_the_example_integrates_as_numpy_does_and_survives_a_crash():
    ended = subprocess.run(
        [sys.executable, EXAMPLE, "--frames", "20", "--size", "64", "--bins", "10"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended
    assert "the profiles are NumPy's" in ended.stdout
    assert "without skip: WorkerDied at index 10, signal 6" in ended.stdout
