"""What a kernel reads: arrays of every layout, files, and what is refused."""

import numpy as np
import pytest

import kernels

CONTEXTS = ["serial", "threads:2", "processes:2"]


@pytest.fixture(params=CONTEXTS)
def context(request):
    return request.param


def test_values_are_mapped_in_each_context(context):
    values = np.linspace(0, 1, 1000)
    np.testing.assert_array_equal(kernels.triple_it(values, context=context), 3 * values)


@pytest.mark.parametrize(
    "dtype",
    "u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8 c8 c16 ?".split(),
)
def test_elements_of_every_type_come_back_as_they_were(dtype):
    values = (np.arange(100) % 2 if dtype == "?" else np.arange(100)).astype(dtype)
    out = kernels.same(values)
    assert out.dtype == values.dtype
    np.testing.assert_array_equal(out, values)


def test_strided_reversed_transposed_and_broadcast_arrays_are_read_where_they_lie(context):
    frames = np.arange(4 * 6 * 5, dtype=float).reshape(4, 6, 5)
    for view in [
        frames,
        frames[::2],
        frames[::-1, ::-2, 1:],
        frames.T,
        frames.transpose(1, 2, 0)[:, ::-1],
        np.asfortranarray(frames),
        np.broadcast_to(frames[0], (7, 6, 5)),
        np.lib.stride_tricks.sliding_window_view(frames[0], (2, 2)).reshape(-1, 2, 2),
    ]:
        expected = view.sum(axis=(1, 2))
        np.testing.assert_allclose(kernels.frame_sum(view, context=context), expected)
    for view in [frames.ravel()[::-3], frames[:, 1, 2], frames.ravel()[5:6][::-1]]:
        np.testing.assert_array_equal(kernels.triple_it(view, context=context), 3 * view)


def test_read_only_and_empty_arrays_are_read():
    values = np.arange(5.0)
    values.flags.writeable = False
    np.testing.assert_array_equal(kernels.triple_it(values), 3 * values)
    assert kernels.triple_it(np.empty(0)).shape == (0,)
    assert kernels.triple_it(np.empty(0)[::-1]).shape == (0,)
    np.testing.assert_array_equal(kernels.frame_sum(np.empty((3, 0, 4))), np.zeros(3))
    assert kernels.frame_sum(np.empty((0, 3, 4))).shape == (0,)


def test_memory_mapped_arrays_and_paths_of_files_are_read(tmp_path, context):
    frames = np.random.default_rng(1).random((5, 3, 4))
    np.save(tmp_path / "c.npy", frames)
    np.save(tmp_path / "f.npy", np.asfortranarray(frames))
    expected = frames.sum(axis=(1, 2))
    mapped = np.load(tmp_path / "c.npy", mmap_mode="r")
    for source in [mapped, mapped[::-1], tmp_path / "c.npy", str(tmp_path / "f.npy")]:
        source_sums = kernels.frame_sum(source, context=context)
        wanted = expected[::-1] if source is not mapped and isinstance(source, np.memmap) else expected
        np.testing.assert_allclose(source_sums, wanted)


def test_fields_of_records_are_read_where_they_are_aligned():
    records = np.zeros(10, dtype=np.dtype([("a", "i4"), ("x", "f8")], align=True))
    records["x"] = np.arange(10)
    np.testing.assert_array_equal(kernels.triple_it(records["x"]), 3.0 * np.arange(10))
    packed = np.zeros(10, dtype=[("a", "i4"), ("x", "f8")])
    with pytest.raises(ValueError, match=r"`value`.*not aligned.*value\.copy\(\)"):
        kernels.triple_it(packed["x"])
    np.testing.assert_array_equal(kernels.triple_it(packed["x"].copy()), np.zeros(10))


@pytest.mark.parametrize(
    "given, error, text",
    [
        (np.arange(3), TypeError, r"`value`.*are int64.*takes float64.*astype\('float64'\)"),
        (np.arange(3.0).astype(">f8"), TypeError, r"`value`.*>f8.*other order.*astype"),
        (np.zeros((2, 3)), ValueError, r"`value`.*2 axes, of shape \(2, 3\).*takes 1 axis"),
        (np.float64(3), TypeError, r"`value`.*numpy.float64"),
        ([1.0, 2.0], TypeError, r"`value`.*type list.*array of float64"),
        (None, TypeError, r"`value`.*NoneType"),
        (np.ma.masked_array([1.0], [True]), TypeError, r"`value`.*masked.*filled"),
        ("/nowhere/x.npy", FileNotFoundError, r"`value`"),
        (np.array(["a"]), TypeError, r"`value`.*<U1"),
        (np.array([object()]), TypeError, r"`value`.*object"),
        (np.array(["2020-01-01"], dtype="M8[s]"), TypeError, r"`value`.*datetime64"),
    ],
)
def test_other_arguments_are_refused_by_their_name(given, error, text):
    with pytest.raises(error, match=text):
        kernels.triple_it(given)


def test_a_file_of_another_type_is_refused_by_the_name_of_the_argument(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3))
    with pytest.raises(TypeError, match=r"`value`.*int64.*takes float64.*np\.load\(path\)"):
        kernels.triple_it(tmp_path / "x.npy")


def test_files_that_can_not_be_read_are_told_in_words_of_python(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3.0))
    whole = (tmp_path / "x.npy").read_bytes()
    for name, content, text in [
        ("short.npy", whole[:-5], "24 bytes of elements, and 19 follow"),
        ("empty.npy", b"", "`value`"),
        ("frames.h5", b"\x89HDF\r\n\x1a\n", r'HDF5 file.*give one of its data sets, `\(path, "'),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=text):
            kernels.triple_it(tmp_path / name)
    np.save(tmp_path / "frames.npy", np.zeros((2, 3)))
    with pytest.raises(ValueError, match="`value`.*2 axes, but 1 axis were asked for$"):
        kernels.triple_it(tmp_path / "frames.npy")


def test_arrays_of_bool_have_true_and_false_alone(tmp_path):
    rows = np.random.default_rng(2).random((20, 7)) > 0.5
    np.testing.assert_array_equal(kernels.count_true(rows), rows.sum(axis=1))
    np.testing.assert_array_equal(kernels.count_true(rows[::-1, ::2]), rows[::-1, ::2].sum(axis=1))
    rows.view(np.uint8)[3, 4] = 2
    with pytest.raises(ValueError, match="`row`.*the byte 2"):
        kernels.count_true(rows)
    np.testing.assert_array_equal(kernels.count_true(rows[4:]), rows[4:].sum(axis=1))


def test_generic_kernels_run_for_the_first_type_that_fits():
    for dtype in ["f4", "f8", "i8"]:
        values = np.arange(10, dtype=dtype)
        out = kernels.scale(values, 3)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, 3 * values)
    with pytest.raises(TypeError, match="`value`.*int32.*float32 or float64 or int64"):
        kernels.scale(np.arange(3, dtype="i4"), 3)
    with pytest.raises(TypeError, match="`factor`"):
        kernels.scale(np.arange(3), 2.5)
    a, b = np.arange(3.0), np.arange(3, dtype="u4")[::-1]
    np.testing.assert_array_equal(kernels.combine(a, b), a - b)
    np.testing.assert_array_equal(kernels.combine(a.astype("f4"), b.astype("u2")), a - b)
    with pytest.raises(TypeError, match="uint16"):
        kernels.combine(a, b.astype("u2"))


def test_shared_parameters_are_numbers_texts_and_arrays(context):
    n = 6
    weights, offsets = np.arange(12, dtype="f4")[::2], np.arange(6, dtype="i4")[::-1]
    table = np.linspace(0, 1, n)
    for sometimes, is_wanted in [(None, True), (0.5, False), (2, np.True_)]:
        out = kernels.parameters(
            np.arange(n, dtype="i4"),
            "größe",
            weights,
            offsets,
            table[::-1],
            sometimes=sometimes,
            is_wanted=is_wanted,
            phase=3 + 4j,
            context=context,
        )
        expected = np.stack(
            [
                2.0 * np.arange(n),
                np.full(n, 7.0),
                weights,
                offsets,
                table[::-1],
                np.full(n, -1 if sometimes is None else sometimes),
                np.full(n, 3.0 if is_wanted else 4.0),
            ],
            axis=1,
        )
        np.testing.assert_array_equal(out, expected)


def test_wrong_shared_parameters_are_refused_by_their_name():
    frames = np.zeros((2, 3, 4), dtype="u2")
    good = dict(
        frame=frames,
        monitor=np.ones(2),
        dark=np.zeros((3, 4), "f4"),
        gain=np.ones((3, 4), "f4"),
        bins=np.zeros((3, 4), "u2"),
        n_bins=1,
    )
    kernels.reduce_frame(**good)
    for name, value, error, text in [
        ("n_bins", -1, TypeError, "int"),
        ("n_bins", 1.5, TypeError, "int"),
        ("n_bins", "1", TypeError, "str"),
        ("dark", np.zeros((3, 4)), TypeError, "float64.*float32"),
        ("gain", np.zeros(3, "f4"), ValueError, "1 axis"),
        ("bins", None, TypeError, "NoneType"),
    ]:
        with pytest.raises(error, match=f"`{name}`.*{text}"):
            kernels.reduce_frame(**{**good, name: value})
    with pytest.raises(ValueError, match="`frame` and `monitor` have different lengths, 2 and 3"):
        kernels.reduce_frame(**{**good, "monitor": np.ones(3)})
