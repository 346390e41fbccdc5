"""Many maps, of which many are hit: nothing is left and nothing grows.

`PASHA_MANY_MAPS` says how many maps; a quarter as many workers are killed.
"""

from __future__ import annotations

import os
import resource
import signal

import pytest

import pasha_rs as psh


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def mappings() -> int:
    with open("/proc/self/maps") as maps:
        return sum(1 for _ in maps)


def test_nothing_is_left_of_maps_whose_workers_are_killed():
    number = int(os.environ.get("PASHA_MANY_MAPS", "200"))
    out = psh.alloc(8)
    context = psh.ProcessContext(2)
    killed = 0

    def kernel(worker_id, index, value):
        if value and index == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        out[index] = value

    context.map(kernel, [0] * 8)
    before = (descriptors(), mappings())
    for turn in range(number):
        if turn % 4 == 0:
            with pytest.raises(psh.WorkerDied):
                context.map(kernel, [1] * 8)
            killed += 1
        else:
            context.map(kernel, [0] * 8)
    assert killed == -(-number // 4)
    assert descriptors() == before[0]
    assert mappings() <= before[1] + 20
    # Of this process; in KiB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 20
