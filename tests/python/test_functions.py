"""Kernels are functions as if they were written in Python."""

import inspect
import multiprocessing
import os
import pickle
import pydoc
import re
import subprocess
import sys

import numpy as np
import pytest

import kernels


def test_functions_have_names_documentation_and_signatures():
    function = kernels.reduce_frame
    assert inspect.isfunction(function)
    # maturin puts the extension module into a package of its name.
    assert function.__module__ == "kernels.kernels" and function.__qualname__ == "reduce_frame"
    assert function.__doc__.startswith("Corrects a frame and reduces it.")
    assert "frame : array of uint16 with 3 axes, an item for each index" in function.__doc__
    assert "n_bins : int" in function.__doc__
    parameters = inspect.signature(function).parameters
    assert list(parameters)[:6] == ["frame", "monitor", "dark", "gain", "bins", "n_bins"]
    assert parameters["context"].kind is inspect.Parameter.KEYWORD_ONLY
    told = pydoc.plain(pydoc.render_doc(function))
    assert re.search(r"reduce_frame\(\s*frame,\s+monitor,", told), told
    assert "The first program of the original." in kernels.triple_it.__doc__


def test_missing_and_unknown_arguments_are_what_python_says():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'factor'"):
        kernels.scale(np.arange(3.0))
    with pytest.raises(TypeError, match='"progres".*"progress"'):
        kernels.triple_it(np.arange(3.0), progres=True)


def test_functions_are_pickled_and_sent_to_other_processes():
    assert pickle.loads(pickle.dumps(kernels.scale)) is kernels.scale
    for method in ["fork", "spawn"]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            chunks = [np.arange(10.0), np.arange(5.0)]
            for chunk, out in zip(chunks, pool.map(kernels.triple_it, chunks)):
                np.testing.assert_array_equal(out, 3 * chunk)


def test_threads_are_started_anew_in_forked_processes():
    np.testing.assert_array_equal(kernels.triple_it(np.ones(3), context="threads:2"), 3.0)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        out = pool.apply(kernels.triple_it, (np.ones(3),), {"context": "threads:2"})
    np.testing.assert_array_equal(out, 3.0)


def test_subinterpreters_are_refused():
    script = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
try:
    print(interpreters.run_string(interpreters.create(), 'import kernels'))
except Exception as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "ImportError" in told.stdout, told


USES = """
import numpy as np
import analysis

frames = np.zeros((3, 4, 5), "u2")
out = analysis.reduce_frame(frames, "monitor.npy", frames[0], frames[0], ("run.h5", "bins"), 5)
reveal_type(out)
reveal_type(out.corrected)
reveal_type(analysis.below(np.arange(3))[1:])
is_told = len(frames) > 2
reveal_type(analysis.triple_it(np.zeros(3), report=is_told))
print(out.profile, analysis.reduce_frame(frames, np.ones(3), "a", "b", "c", 5, report=True)[1].failed)
analysis.scale(np.zeros(3), 1.5, item_timeout=3, context="processes:2", progress=lambda told: print(told.len))
analysis.scale(np.zeros(3))
analysis.scale(np.zeros(3), 2, on_failur="skip")
analysis.scale(3.0, 2)
print(out.profil)
try:
    analysis.triple_it(np.zeros(3))
except analysis.WorkerDied as died:
    print(died.signal)
"""


def test_stubs_let_mypy_check_the_calls(tmp_path):
    (tmp_path / "analysis.pyi").write_text(kernels.__stubs__())
    (tmp_path / "uses.py").write_text(USES)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    told = subprocess.run(
        [*mypy, "uses.py", "analysis.pyi"], cwd=tmp_path, capture_output=True, text=True
    ).stdout.splitlines()
    found = {line.split(": ")[0]: line for line in told if ": note: " not in line}
    revealed = [line for line in told if "Revealed type" in line]
    wanted = ["ReduceFrameOutput", "32Bit", "Ragged", "float64", "Report"]
    for line, words in zip(revealed, [wanted[:1], wanted[1:2], wanted[2:3], wanted[3:]]):
        assert all(word in line for word in words), told
    # A missing argument, an unknown option, a number for an array, an output that is not there.
    assert list(found) == [f"uses.py:{line}" for line in [14, 15, 16, 17]], told


def test_stubs_are_those_of_the_module(tmp_path):
    (tmp_path / "kernels.pyi").write_text(kernels.__stubs__())
    stubtest = [sys.executable, "-m", "mypy.stubtest", "--concise", "kernels"]
    told = subprocess.run(
        stubtest, env={**os.environ, "MYPYPATH": str(tmp_path)}, capture_output=True, text=True
    ).stdout.splitlines()
    # Of the package that maturin puts the extension module into.
    allowed = {"kernels.__all__ is not present in stub", "kernels.kernels failed to find stubs"}
    assert set(told) <= allowed, told
