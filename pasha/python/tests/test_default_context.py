"""The context that the functions of the package use."""

from __future__ import annotations

import pytest

import pasha_rs as psh


def test_the_default_is_processes():
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


def test_the_environment_says_how_many_workers(monkeypatch):
    monkeypatch.setenv("PASHA_NUM_WORKERS", "5")
    assert psh.ThreadContext().num_workers == 5
    monkeypatch.setenv("PASHA_NUM_WORKERS", "none")
    with pytest.raises(ValueError, match="PASHA_NUM_WORKERS"):
        psh.ThreadContext()
