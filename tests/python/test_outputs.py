"""What a kernel gives: arrays that own their memory, tuples of them, and how they are reused."""

import gc
import pickle

import numpy as np
import pytest

import kernels

CONTEXTS = ["serial", "threads:2", "processes:2"]


@pytest.fixture(params=CONTEXTS)
def context(request):
    return request.param


def frames_and_more(n=7):
    random = np.random.default_rng(3)
    frames = random.integers(0, 1000, (n, 6, 8), dtype=np.uint16)
    monitor = random.random(n) + 1
    dark, gain = random.random((2, 6, 8)).astype("f4")
    bins = random.integers(0, 4, (6, 8), dtype=np.uint16)
    return frames, monitor, dark, gain, bins


def check(out, frames, monitor, dark, gain, bins, n_bins):
    corrected = (frames - dark) * gain
    np.testing.assert_allclose(out.corrected, corrected, rtol=1e-6)
    np.testing.assert_allclose(out.total, corrected.sum(axis=0), rtol=1e-5)
    assert out.brightest == frames.max()
    np.testing.assert_allclose(out.result, corrected.sum(axis=(1, 2)) / monitor, rtol=1e-5)
    for number in range(n_bins):
        if (bins == number).any():
            profile = corrected[:, bins == number].mean(axis=1)
            np.testing.assert_allclose(out.profile[:, number], profile, rtol=1e-4)
        else:
            assert np.isnan(out.profile[:, number]).all()


def test_several_outputs_are_a_named_tuple(context):
    given = frames_and_more()
    out = kernels.reduce_frame(*given, 5, context=context)
    assert type(out) is kernels.ReduceFrameOutput
    assert out._fields == ("corrected", "profile", "total", "brightest", "result")
    check(out, *given, 5)
    assert out.corrected.dtype == np.float32 and out.profile.shape == (7, 5)
    assert isinstance(out.brightest, int)
    check(pickle.loads(pickle.dumps(out)), *given, 5)


def test_outputs_outlive_each_other_and_their_tuple(context):
    given = frames_and_more()
    out = kernels.reduce_frame(*given, 5, context=context)
    corrected, view = out.corrected, out.total[1:, ::2]
    expected, expected_view = corrected.copy(), view.copy()
    del out, given
    gc.collect()
    np.testing.assert_array_equal(corrected, expected)
    np.testing.assert_array_equal(view, expected_view)
    corrected[:] = 1
    assert corrected.sum() == corrected.size and not corrected.flags.owndata


def test_outputs_are_written_again_in_place(context):
    given = frames_and_more()
    out = kernels.reduce_frame(*given, 5, context=context)
    addresses = [array.ctypes.data for array in (out.corrected, out.profile, out.result)]
    frames = given[0][::-1]
    again = kernels.reduce_frame(frames, *given[1:], 5, out=out, context=context)
    assert again.corrected is out.corrected and again.profile is out.profile
    assert [again[place].ctypes.data for place in (0, 1, 4)] == addresses
    check(again, frames, *given[1:], 5)
    values = np.arange(10.0)
    single = kernels.triple_it(values, context=context)
    assert kernels.triple_it(values + 1, out=single, context=context) is single
    np.testing.assert_array_equal(single, 3 * (values + 1))
    pair = kernels.powers(np.arange(4), context=context)
    again = kernels.powers(np.arange(4) + 1, out=pair, context=context)
    assert again[0] is pair[0] and again[1][3] == 16
    both = kernels.array_and_tuple(values, context=context)
    again = kernels.array_and_tuple(values + 1, out=both, context=context)
    assert again.pair is both.pair and again.result[0] is both.result[0]
    np.testing.assert_array_equal(both.result[0], 2 * (values + 1))


def test_tuples_rows_scalars_and_nothing_are_given_as_they_are(context):
    values = np.arange(20)
    first, second = kernels.powers(values, context=context)
    np.testing.assert_array_equal(first, values)
    np.testing.assert_array_equal(second, values.astype(float) ** 2)
    rows = kernels.row_of_powers(values.astype(float), context=context)
    np.testing.assert_array_equal(rows, np.stack([values, values**2, values**3], axis=1))
    assert kernels.total(values.astype(float), context=context) == values.sum()
    sums = kernels.by_worker(values.astype(float), context=context)
    assert sums.ndim == 1 and sums.sum() == values.sum()
    assert kernels.nothing(values.astype(float), context=context) is None
    large = kernels.is_large(values.astype(float), 10, context=context)
    assert large.dtype == bool
    np.testing.assert_array_equal(large, values > 10)


def test_ragged_outputs_are_values_offsets_and_slots(context):
    limits = np.array([3, 0, 5, 1], dtype="u4")
    out = kernels.below(limits, context=context)
    assert len(out) == 4
    np.testing.assert_array_equal(out.offsets, [0, 3, 3, 8, 9])
    np.testing.assert_array_equal(out.values, np.concatenate([np.arange(n) for n in limits]))
    for index, slot in enumerate(out):
        np.testing.assert_array_equal(slot, np.arange(limits[index]))
    np.testing.assert_array_equal(out[-2], np.arange(5))
    with pytest.raises(IndexError):
        out[4]
    for part in [slice(1, 3), slice(None), slice(2, 1), slice(-2, None), slice(9, None)]:
        slots = list(out)[part]
        assert len(out[part]) == len(slots)
        for one, other in zip(out[part], slots):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(out[part].values, np.concatenate([[], *slots]))
    assert np.shares_memory(out[1:3].values, out.values)
    with pytest.raises(IndexError, match="the step 1, not 2"):
        out[::2]
    with pytest.raises(TypeError):
        out["a"]
    copies = kernels.repeated(limits.astype("u2"), context=context)
    np.testing.assert_array_equal(copies.values, np.repeat(limits, limits))
    copy = pickle.loads(pickle.dumps(out))
    np.testing.assert_array_equal(copy.values, out.values)
    values = out.values
    del out
    gc.collect()
    np.testing.assert_array_equal(values, [0, 1, 2, 0, 1, 2, 3, 4, 0])
    with pytest.raises(ValueError, match="ragged.*leave `out` out"):
        kernels.below(limits, out=copy, context=context)


def test_outputs_lie_in_files(tmp_path, context):
    given = frames_and_more()
    paths = {"corrected": tmp_path / "corrected.npy", "result": str(tmp_path / "result.npy")}
    out = kernels.reduce_frame(*given, 5, out=paths, context=context)
    check(out, *given, 5)
    np.testing.assert_array_equal(np.load(tmp_path / "corrected.npy"), out.corrected)
    np.testing.assert_array_equal(np.load(tmp_path / "result.npy"), out.result)
    values = np.arange(6.0)
    out = kernels.triple_it(values, out=tmp_path / "out.npy", context=context)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), 3 * values)
    assert kernels.triple_it(values + 1, out=out, context=context) is out
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), 3 * (values + 1))
    with pytest.raises(ValueError, match='"profil", but the outputs are corrected, profile'):
        kernels.reduce_frame(*given, 5, out={"profil": "x.npy"}, context=context)
    with pytest.raises(ValueError, match="no ragged ones and no numbers"):
        kernels.total(values, out=tmp_path / "total.npy", context=context)


def test_a_job_goes_on_where_it_was(tmp_path, context):
    values = np.arange(20)
    files = dict(out=tmp_path / "out.npy", resume=tmp_path / "job")
    with pytest.raises(kernels.KernelError):
        kernels.fail(values, "error", context=context, **files)
    out, report = kernels.fail(values, "no", context=context, report=True, **files)
    np.testing.assert_array_equal(out, 2 * values)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), 2 * values)
    assert report.resumed >= 1 and report.resumed + report.finished == 20


def test_only_arrays_that_a_map_has_returned_are_written_to():
    values = np.arange(5.0)
    out = kernels.triple_it(values)
    for other in [np.empty(5), out[:], out[::2], out.view("i8"), out.copy(), 3, [out]]:
        with pytest.raises(TypeError, match="`out`"):
            kernels.triple_it(values, out=other)
    with pytest.raises(ValueError, match=r"out.*shape \[5\].*writes \[6\]"):
        kernels.triple_it(np.arange(6.0), out=out)
    with pytest.raises(ValueError, match="float64 of shape.*int64"):
        kernels.same(np.arange(5), out=out)
    # What is wrong with one leaves it as it was.
    assert kernels.triple_it(values, out=out) is out
    np.testing.assert_array_equal(out, 3 * values)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        kernels.triple_it(values, out=out)


def test_the_memory_of_threads_is_none_of_processes():
    values = np.arange(5.0)
    out = kernels.triple_it(values, context="threads:2")
    with pytest.raises(ValueError, match="can't be written by the workers"):
        kernels.triple_it(values, out=out, context="processes:2")
    shared = kernels.triple_it(values, context="processes:2")
    assert kernels.triple_it(values, out=shared, context="threads:2") is shared


def test_an_array_is_not_read_and_written_at_once():
    out = kernels.triple_it(np.arange(5.0))
    for same in [out, out[::-1], np.frombuffer(memoryview(out))]:
        with pytest.raises(ValueError, match="reads its memory|is written by a map"):
            kernels.triple_it(same, out=out)
    np.testing.assert_array_equal(kernels.triple_it(out[:]), 9 * np.arange(5.0))
    pair = kernels.powers(np.arange(5))
    with pytest.raises(ValueError, match="another map writes into it, or it is given twice"):
        kernels.array_and_tuple(
            np.arange(5.0), out=type(kernels.array_and_tuple(np.arange(5.0)))(
                *(lambda it: (it.pair, (it.result[0], it.result[0])))(
                    kernels.array_and_tuple(np.arange(5.0))
                )
            )
        )
    assert kernels.powers(np.arange(5), out=pair)[0] is pair[0]


def test_bytes_that_are_no_bool_are_refused_in_outputs():
    out = kernels.is_large(np.arange(5.0), 2)
    out.view(np.uint8)[3] = 7
    with pytest.raises(ValueError, match="`out`.*of bool.*another byte"):
        kernels.is_large(np.arange(5.0), 2, out=out)
    out[3] = True
    np.testing.assert_array_equal(kernels.is_large(np.arange(5.0), 2, out=out), np.arange(5) > 2)


def test_memory_is_given_back():
    import resource

    values = np.zeros((1000, 64, 64))
    for _ in range(20):
        kernels.row_of_powers(values.ravel()[:200_000])
    after_some = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        kernels.row_of_powers(values.ravel()[:200_000])
    # A hundred arrays of 4.8 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - after_some < 100_000
