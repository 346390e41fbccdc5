"""Programs that a test runs in an interpreter of their own."""

from __future__ import annotations

import subprocess
import sys


def run_program(text: str) -> str:
    """What a program prints; it has to end well and write nothing to its standard error."""
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
