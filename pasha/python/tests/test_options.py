"""What a context may be told."""

from __future__ import annotations

import datetime
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

import pasha_rs as psh


def test_a_function_is_told_of_the_progress(context_class):
    told = []
    context_class(2, progress=told.append).map(lambda *_: None, range(50))
    assert (told[-1].finished, told[-1].len, told[-1].failed) == (50, 50, 0)


def test_a_function_of_the_progress_that_fails_ends_the_map(context_class):
    def fail(progress):
        raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        context_class(2, progress=fail).map(lambda *_: None, range(50))


def test_nothing_is_printed(capfd, context_class):
    context_class(2, progress=False).map(lambda *_: None, range(5))
    assert capfd.readouterr() == ("", "")


def test_a_bar_of_the_progress_may_be_asked_for(context_class):
    # Drawn on a terminal alone; a log gets lines of maps that take longer.
    report = context_class(2, progress=True).map(lambda *_: None, range(5), report=True)
    assert report.finished == 5


def test_hooks_run_in_each_worker(parallel_class):
    begun, ended = psh.alloc(2, int), psh.alloc(2, int)
    context = parallel_class(
        2,
        share=1,
        on_worker_start=lambda worker: begun.__setitem__(worker, 1),
        on_worker_end=lambda worker: ended.__setitem__(worker, 1),
    )
    context.map(lambda *_: None, range(4))
    assert begun.tolist() == ended.tolist() == [1, 1]


def test_workers_are_replaced_after_so_many_items():
    report = psh.ProcessContext(1, worker_lifespan=10).map(lambda *_: 0, range(35), report=True)
    assert (report.finished, report.replaced) == (35, 3)


def test_a_timeline_is_written(tmp_path, parallel_class):
    path = tmp_path / "timeline.svg"
    parallel_class(2, timeline=path).map(lambda *_: None, range(10))
    assert xml.etree.ElementTree.parse(path).getroot().tag.endswith("svg")


def test_times_may_be_timedeltas():
    context = psh.ProcessContext(2, item_timeout=datetime.timedelta(minutes=1))
    assert context.options.item_timeout == 60


JOB = """
import os, signal, sys, pasha_rs as psh
context = psh.ProcessContext(2, resume="job", share=1)
out = context.alloc(100, file="out.npy")
runs = open("runs", "ab", buffering=0)
def kernel(worker_id, index, value):
    out[index] = value
    runs.write(b"%d\\n" % index)
    if index == int(sys.argv[1]):
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()
report = context.map(kernel, range(100), report=True)
print(report.finished, report.resumed)
"""


def run_job(folder: Path, kill_at: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", JOB, str(kill_at)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)


def test_a_job_that_was_killed_goes_on(tmp_path):
    assert run_job(tmp_path, 60).returncode == -9
    begun = len((tmp_path / "runs").read_text().split())
    done = run_job(tmp_path, -1)
    assert done.returncode == 0, done.stderr
    finished, resumed = map(int, done.stdout.split())
    assert finished + resumed == 100 and 0 < resumed <= begun
    assert np.load(tmp_path / "out.npy").tolist() == list(range(100))
    # Whoever was in the middle of an item does that again.
    runs = (tmp_path / "runs").read_text().split()
    assert set(map(int, runs)) == set(range(100)) and len(runs) <= 102
    assert run_job(tmp_path, -1).stdout.split() == ["0", "100"]


def test_a_job_whose_output_is_gone_is_refused(tmp_path):
    run_job(tmp_path, 60)
    (tmp_path / "out.npy").unlink()
    assert "job" in run_job(tmp_path, -1).stderr
