import numpy as np

import kernels


def test_values_are_mapped():
    values = np.linspace(0, 1, 1000)
    np.testing.assert_array_equal(kernels.triple_it(values), 3 * values)
