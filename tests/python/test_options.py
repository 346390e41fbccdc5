"""Keywords of a call, and the environment."""

import datetime
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import kernels


def test_contexts_are_given_by_word():
    values = np.arange(100.0)
    for context in ["serial", "threads", "threads:3", "processes:2,share=7"]:
        np.testing.assert_array_equal(kernels.triple_it(values, context=context), 3 * values)
    with pytest.raises(ValueError, match="there is no context \"thread\".*threads:4"):
        kernels.triple_it(values, context="thread")
    with pytest.raises(TypeError, match="`context` is a text, such as 'threads:4'"):
        kernels.triple_it(values, context=4)


def test_the_environment_names_the_context():
    script = (
        "import numpy, kernels\n"
        "print(len(kernels.by_worker(numpy.ones(10))), end=' ')\n"
        "kernels.fail(numpy.arange(20), 'kill')\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PASHA_CONTEXT": "processes:3"},
        capture_output=True,
        text=True,
    )
    assert told.stdout == "3 " and "WorkerDied" in told.stderr, told


def test_a_report_says_what_happened():
    out, report = kernels.triple_it(np.arange(10.0), report=True, context="threads:2")
    np.testing.assert_array_equal(out, 3 * np.arange(10.0))
    assert (report.len, report.finished, report.failed) == (10, 10, [])
    assert len(report.workers) == 2 and report.wall_time > 0
    assert sum(worker["finished"] for worker in report.workers) == 10
    assert str(report).startswith("10 of 10 items finished in")
    again, report = kernels.triple_it(np.arange(10.0), report=True, out=out, context="threads:2")
    assert again is out and report.finished == 10


def test_progress_is_told_to_a_function():
    told = []
    kernels.triple_it(np.arange(1000.0), progress=told.append)
    last = told[-1]
    assert (last.finished, last.len, last.failed) == (1000, 1000, 0)
    kernels.triple_it(np.arange(10.0), progress=True)
    kernels.triple_it(np.arange(10.0), progress=False)
    with pytest.raises(TypeError, match="`progress`: it is True for a bar, or a function"):
        kernels.triple_it(np.arange(10.0), progress=3)


@pytest.mark.parametrize("context", ["serial", "threads:2", "processes:2"])
def test_an_exception_of_the_function_of_progress_is_raised(context):
    def refuse(progress):
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        kernels.triple_it(np.arange(1000.0), progress=refuse, context=context)


@pytest.mark.parametrize("context", ["serial", "threads:2", "processes:2"])
def test_failed_items_are_skipped_with_a_warning(context):
    values = np.arange(20)
    for option in [{"skip": 1}, {"on_failure": "skip"}, {"on_failure": "retry=1,skip=2"}]:
        with pytest.warns(UserWarning, match="1 of 20 items failed and were skipped.*index 13") as it:
            out = kernels.fail(values, "error", context=context, **option)
        assert it[0].filename == __file__
        np.testing.assert_array_equal(out, np.where(values == 13, 0, 2 * values))
    with pytest.warns(UserWarning):
        out, report = kernels.fail(values, "error", skip=3, report=True, context=context)
    [(index, error)] = report.failed
    assert index == 13 and isinstance(error, kernels.KernelError) and error.index == 13
    with pytest.raises(ValueError, match="`on_failure`.*\"forget\" is none of"):
        kernels.fail(values, "error", on_failure="forget", context=context)


def test_times_are_seconds_texts_and_timedeltas():
    values = np.arange(20)
    for limit in [0.2, "200ms", datetime.timedelta(milliseconds=200)]:
        with pytest.raises(kernels.ItemTimeout) as raised:
            kernels.fail(values, "hang", item_timeout=limit, context="processes:2")
        assert raised.value.index == 13
    for wrong in ["200", -1, "soon", float("nan")]:
        with pytest.raises(ValueError, match="`item_timeout`"):
            kernels.fail(values, "no", item_timeout=wrong)
    with pytest.raises(kernels.PashaError, match="deadline"):
        kernels.fail(values, "hang", deadline=0.2, context="processes:2")


def test_a_timeline_is_written_and_reported(tmp_path):
    values = np.arange(20.0)
    kernels.triple_it(values, timeline=tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text())
    _, report = kernels.triple_it(values, timeline=True, report=True)
    assert report.timeline_svg.startswith("<svg") and json.loads(report.timeline_json)
    with pytest.raises(ValueError, match="`timeline`.*'.svg'"):
        kernels.triple_it(values, timeline="t.png")


@pytest.mark.parametrize(
    "options, text",
    [
        ({"skip": -1}, "`skip` is -1, which is out of range"),
        ({"retry": 2**70}, "`retry` is 1180591620717411303424, which is out of range"),
        ({"share": 0}, "`share`: it is 1 at least"),
        ({"nice": 2**40}, "`nice` is 1099511627776"),
        ({"worker_memory": -1}, "`worker_memory` is -1"),
        ({"resume": "job"}, r"lie in files: give `out` the path of a file"),
    ],
)
def test_values_that_no_option_can_have_are_refused(options, text):
    with pytest.raises((ValueError, kernels.PashaError), match=text):
        kernels.triple_it(np.arange(10.0), **options)


def test_what_a_job_lacks_is_told_in_words_of_python(tmp_path):
    values, job = np.arange(10.0), tmp_path / "job"
    out = kernels.triple_it(values)
    with pytest.raises(kernels.PashaError, match="give `out` the path of a file for it"):
        kernels.triple_it(values, out=out, resume=job)
    with pytest.raises(kernels.PashaError, match="an item that `skip` leaves out"):
        kernels.by_worker(values, resume=job, skip=3)


def test_other_options_are_those_of_the_context():
    values = np.linspace(0, 1, 1000)
    sums = {
        kernels.total(values, reproducible=True, context=context)
        for context in ["serial", "threads:2", "processes:3"]
    }
    assert len(sums) == 1
    kernels.triple_it(values, share=10, static_split=True, pin_workers=True, huge_pages=False)
    kernels.triple_it(values, worker_lifespan=500, nice=1, context="processes:2")
    kernels.triple_it(values, worker_memory="2GiB", stop_within=1, context="processes:2")
    with pytest.raises(ValueError, match="worker_lifespan"):
        kernels.triple_it(values, worker_lifespan=0, context="processes:2")
    with pytest.raises(ValueError, match="nice"):
        kernels.triple_it(values, nice=1, context="threads:2")
    with pytest.raises(kernels.PashaError, match="do not lie in files"):
        kernels.triple_it(values, resume="job")
