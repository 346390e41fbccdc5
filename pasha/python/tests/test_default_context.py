"""The context that the functions of the package use."""

from __future__ import annotations

import pytest

import pasha_rs as psh


def test_the_default_is_processes(monkeypatch):
    monkeypatch.delenv("PASHA_CONTEXT", raising=False)
    assert isinstance(psh.get_default_context(), psh.ProcessContext)
    assert psh.get_default_context() is psh.get_default_context()


def test_a_context_becomes_the_default():
    context = psh.SerialContext()
    psh.set_default_context(context)
    assert psh.get_default_context() is context


@pytest.mark.parametrize(
    "word, kind",
    [
        ("serial", psh.SerialContext),
        ("threads", psh.ThreadContext),
        ("processes", psh.ProcessContext),
    ],
)
def test_a_word_makes_the_default(word, kind):
    psh.set_default_context(word)
    assert type(psh.get_default_context()) is kind
    psh.set_default_context(word, num_workers=3)
    assert psh.get_default_context().num_workers == (1 if word == "serial" else 3)


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="serial, threads, processes"):
        psh.set_default_context("thread")


def test_the_environment_says_which_context(monkeypatch):
    monkeypatch.setenv("PASHA_CONTEXT", "threads:3, skip=2, item_timeout=1min 30s,static_split")
    context = psh.get_default_context()
    assert type(context) is psh.ThreadContext
    assert context.num_workers == 3
    assert (context.options.skip, context.options.item_timeout) == (2, 90.0)
    assert context.options.static_split

    def fail_twice(worker_id, index, value):
        if index in (3, 5):
            raise RuntimeError("refused")

    with pytest.warns(psh.SkippedItemsWarning, match="2 of 10"):
        psh.map(fail_twice, list(range(10)))


@pytest.mark.parametrize(
    "text, said",
    [
        ("thread", "serial"),
        ("processes:0", "1 worker"),
        ("processes:2,skp=1", "skip=10"),
        ("threads:2,nice=1", "nice"),
        ("processes:2,reproducible", "kernels in Rust"),
        ("processes:2,timeline", "timeline=out/t.svg"),
    ],
)
def test_what_the_environment_can_not_say_is_refused(monkeypatch, text, said):
    monkeypatch.setenv("PASHA_CONTEXT", text)
    with pytest.raises(ValueError, match=said) as raised:
        psh.get_default_context()
    assert "PASHA_CONTEXT" in str(raised.value)


def test_a_text_with_options_makes_the_default(tmp_path):
    psh.set_default_context("processes:2,stop_at_once,worker_memory=1GiB,progress=false", retry=1)
    context = psh.get_default_context()
    assert type(context) is psh.ProcessContext
    assert (context.num_workers, context.options.retry) == (2, 1)
    assert (context.options.stop_within, context.options.worker_memory) == (0, 1 << 30)
    assert context.options.progress is False
    timeline = tmp_path / "t.svg"
    psh.set_default_context(f"threads:2,timeline={timeline}")
    psh.map(lambda worker_id, index, value: None, range(10))
    assert timeline.exists()


def test_the_environment_says_how_many_workers(monkeypatch):
    monkeypatch.setenv("PASHA_NUM_WORKERS", "5")
    assert psh.ThreadContext().num_workers == 5
    monkeypatch.setenv("PASHA_NUM_WORKERS", "none")
    with pytest.raises(ValueError, match="PASHA_NUM_WORKERS"):
        psh.ThreadContext()
