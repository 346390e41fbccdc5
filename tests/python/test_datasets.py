"""Kernels on data sets of HDF5 files, by file and path and as h5py opens them."""

import io

import numpy as np
import pytest

import kernels

h5py = pytest.importorskip("h5py")


def reads_datasets():
    """Whether the kernels were built with HDF5."""
    try:
        kernels.frame_sum(("/nowhere/x.h5", "frames"))
    except TypeError:
        return False
    except OSError:
        return True


pytestmark = pytest.mark.skipif(not reads_datasets(), reason="built without HDF5")

CONTEXTS = ["serial", "threads:2", "processes:2"]
FRAMES = np.random.default_rng(7).poisson(5, (40, 8, 6)).astype("u2")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        file["entry/plain"] = FRAMES
        file.create_dataset("entry/zipped", data=FRAMES, chunks=(3, 8, 6), compression="gzip")
        file.create_dataset("entry/f8", data=FRAMES.astype("f8"), chunks=(1, 4, 6), shuffle=True)
        file["swapped"] = FRAMES.astype(">f8")
        file["values"] = np.arange(40.0)
        file["flags"] = FRAMES[:, 0] > 4
        file["numbers"] = np.arange(40, dtype="i8")
    return path


@pytest.mark.parametrize("context", CONTEXTS)
def test_items_are_those_of_h5py(path, context):
    expected = FRAMES.sum(axis=(1, 2))
    with h5py.File(path, "r") as file:
        for source in [
            (path, "entry/f8"),
            (str(path), "/entry/f8"),
            (path, "swapped"),
            file["entry/f8"],
        ]:
            out = kernels.frame_sum(source, context=context)
            np.testing.assert_array_equal(out, expected)
        out = kernels.triple_it(file["values"], context=context)
        np.testing.assert_array_equal(out, 3 * np.arange(40.0))
        out = kernels.count_true((path, "flags"), context=context)
        np.testing.assert_array_equal(out, file["flags"][...].sum(axis=1))


def test_shared_arrays_are_read_once(path):
    dark = np.full((8, 6), 2, "f4")
    gain = np.full((8, 6), 0.5, "f4")
    bins = (np.arange(48).reshape(8, 6) % 5).astype("u2")
    monitor = np.linspace(1, 2, 40)
    with h5py.File(path, "r+") as file:
        file["calibration/dark"] = dark
        file["calibration/gain"] = gain
        file["calibration/bins"] = bins
        file["monitor"] = monitor
    name = "calibration/{}".format
    given = [(path, name(what)) for what in ["dark", "gain", "bins"]]
    of_file = kernels.reduce_frame((path, "entry/zipped"), (path, "monitor"), *given, 5)
    of_memory = kernels.reduce_frame(FRAMES, monitor, dark, gain, bins, 5)
    for found, expected in zip(of_file, of_memory):
        np.testing.assert_array_equal(found, expected)


def test_generic_kernels_run_for_the_type_that_the_file_has(path, tmp_path):
    for name, dtype in [("values", "f8"), ("numbers", "i8")]:
        out = kernels.scale((path, name), 3)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, 3 * np.arange(40))
    np.save(tmp_path / "f8.npy", np.arange(5.0))
    assert kernels.scale(tmp_path / "f8.npy", 3).dtype == "f8"
    np.save(tmp_path / "c16.npy", np.arange(5) * 1j)
    with pytest.raises(TypeError, match="complex128.*takes float32 or float64 or int64"):
        kernels.scale(tmp_path / "c16.npy", 3)


def test_what_can_not_be_read_is_refused_by_the_name_of_the_argument(path):
    for given, error, text in [
        ((path, "entry/zipped"), TypeError, r"`frame`.*uint16.*takes float64.*astype\('float64'\)"),
        ((path, "values"), ValueError, r"`frame`.*1 axis, of shape \(40,\).*takes 3 axes"),
        ((path, "entry/zipp"), ValueError, r"`frame`.*entry/zipped"),
        ((path, "entry"), ValueError, r"`frame`.*entry"),
        (("/nowhere/x.h5", "frames"), FileNotFoundError, "`frame`"),
        ((path, 3), TypeError, r"`frame`.*tuple.*`\(path, name\)`"),
    ]:
        with pytest.raises(error, match=text):
            kernels.frame_sum(given)
    with h5py.File(path, "r+") as file:
        with pytest.raises(ValueError, match=r"`frame`.*open for writing.*mode 'r'"):
            kernels.frame_sum(file["entry/f8"])


def test_a_damaged_chunk_fails_at_its_item(path):
    with h5py.File(path, "r") as file:
        chunk = file["entry/zipped"].id.get_chunk_info(4)
    with open(path, "r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(bytes(chunk.size))
    like = np.zeros((8, 6), "f4"), np.ones((8, 6), "f4"), np.zeros((8, 6), "u2")
    with pytest.raises(kernels.PashaError, match="item 1[234].*entry/zipped") as raised:
        kernels.reduce_frame((path, "entry/zipped"), np.ones(40), *like, 1)
    assert raised.value.index in (12, 13, 14)


def test_an_open_data_set_is_that_of_its_file_and_no_other(path, tmp_path, monkeypatch):
    with h5py.File(path, "r") as file:
        dataset = file["entry/f8"]
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["entry/f8"] = np.ones((3, 2, 2))
        (tmp_path / "other.h5").rename(path)
        with pytest.raises(ValueError, match="`frame`.*is not the file that h5py has open"):
            kernels.frame_sum(dataset)
    monkeypatch.chdir(tmp_path)
    with h5py.File("run.h5", "r") as file:
        np.testing.assert_array_equal(kernels.frame_sum(file["entry/f8"]), [4, 4, 4])
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
        with pytest.raises(ValueError, match="changed its folder"):
            kernels.frame_sum(file["entry/f8"])
    with pytest.raises(ValueError, match="`frame`.*closed"):
        kernels.frame_sum(dataset)


def test_a_data_set_in_memory_is_refused(path):
    with h5py.File(io.BytesIO(path.read_bytes()), "r") as file:
        with pytest.raises(ValueError, match=r'`frame`.*driver "fileobj".*`frame\[\.\.\.\]`'):
            kernels.frame_sum(file["entry/f8"])
        expected = FRAMES.sum(axis=(1, 2))
        np.testing.assert_array_equal(kernels.frame_sum(file["entry/f8"][...]), expected)


def test_files_of_bools_are_no_bytes(tmp_path):
    np.save(tmp_path / "b.npy", np.array([True, False]))
    assert kernels.same(tmp_path / "b.npy").dtype == bool
