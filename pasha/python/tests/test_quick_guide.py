"""The quick guide of the original: the same program but for the import."""

from __future__ import annotations

import pytest
from programs import run_program

GUIDE = """
import numpy as np
import {package} as psh

inp = np.random.rand(100)
outp = psh.alloc(like=inp)

def triple_it(worker_id, index, value):
    outp[index] = 3 * value

psh.map(triple_it, inp)
np.testing.assert_allclose(outp, inp*3)

psh.set_default_context('threads', num_workers=4)
outp[:] = 0
psh.map(triple_it, inp)
np.testing.assert_allclose(outp, inp*3)
print('done')
"""


@pytest.mark.parametrize("package", ["pasha_rs", "pasha"])
def test_the_quick_guide_runs(package):
    pytest.importorskip(package)
    assert run_program(GUIDE.format(package=package)) == "done\n"
