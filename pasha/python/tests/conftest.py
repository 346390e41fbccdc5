"""What several files of tests need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import pasha_rs as psh

CONTEXTS = {
    "serial": psh.SerialContext,
    "threads": psh.ThreadContext,
    "processes": psh.ProcessContext,
}


@pytest.fixture(params=CONTEXTS)
def context_class(request: pytest.FixtureRequest) -> type[psh.MapContext]:
    return CONTEXTS[request.param]


@pytest.fixture(params=["threads", "processes"])
def parallel_class(request: pytest.FixtureRequest) -> type[psh.MapContext]:
    return CONTEXTS[request.param]


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """After each test: no child, no file in shared memory, the default context as before."""
    import pasha_rs._default as default

    before, there = shared_files(), set(children())
    yield
    default._default_context = None
    assert set(children()) <= there
    assert shared_files() <= before


def children() -> list[int]:
    task = Path("/proc/self/task")
    return [int(child) for file in task.glob("*/children") for child in file.read_text().split()]


def shared_files() -> set[str]:
    return set(os.listdir("/dev/shm"))
