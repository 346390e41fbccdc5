//! What these tests share: files written by h5py, and reading all of a data set with a map.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use ndarray::{Array, ArrayView, ArrayViewMut, Dimension, Ix2, RemoveAxis};
use pasha::{Context, Hdf5Dataset, Hdf5Element, SerialContext};

/// Runs a Python program with h5py (as `h5py`) and NumPy (as `np`) in a folder; `None`, with a
/// printed word, where there is no h5py.
pub(crate) fn h5py(folder: &Path, program: &str) -> Option<String> {
    static CAN_IMPORT: OnceLock<bool> = OnceLock::new();
    python(&CAN_IMPORT, folder, "import h5py\nimport numpy as np", program)
}

/// As [`h5py`], with hdf5plugin (as `hp`) besides.
pub(crate) fn with_hdf5plugin(folder: &Path, program: &str) -> Option<String> {
    static CAN_IMPORT: OnceLock<bool> = OnceLock::new();
    let imports = "import h5py\nimport numpy as np\nimport hdf5plugin as hp";
    python(&CAN_IMPORT, folder, imports, program)
}

/// Runs a Python program that begins with these imports; whether they can be made is found once.
fn python(
    can_import: &OnceLock<bool>,
    folder: &Path,
    imports: &str,
    program: &str,
) -> Option<String> {
    let probe = || Command::new("python3").args(["-c", imports]).output();
    if !can_import.get_or_init(|| probe().is_ok_and(|output| output.status.success())) {
        println!("skipped: there is no Python here that can {}", imports.replace('\n', ", "));
        return None;
    }
    let program = format!("{imports}\n{program}");
    let output = Command::new("python3")
        .args(["-c", &program])
        .current_dir(folder)
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("Python prints UTF-8").trim().to_owned())
}

/// Makes a file with hdf5-metno.
///
/// What is at `path` is a copy of another file each time: processes that other tests start
/// meanwhile have what is open for writing, and its lock, until they end.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&hdf5_metno::File)) {
    let draft = tempfile::NamedTempFile::new().unwrap();
    let file = hdf5_metno::File::create(draft.path()).unwrap();
    fill(&file);
    file.close().unwrap();
    std::fs::copy(draft.path(), path).unwrap();
}

/// Copies a frame.
#[pasha::kernel]
pub(crate) fn copy_frame<A: Hdf5Element>(
    frame: ArrayView<A, Ix2>,
    #[output(like = frame)] mut same: ArrayViewMut<A, Ix2>,
) {
    same.assign(&frame);
}

/// Copies a value.
#[pasha::kernel]
pub(crate) fn copy_value<A: Hdf5Element>(value: A) -> A {
    value
}

/// What a map over all frames sees, with the mapped axis first.
pub(crate) fn frames<A: Hdf5Element>(
    context: &dyn Context,
    dataset: &Hdf5Dataset<A, ndarray::Ix3>,
) -> ndarray::Array3<A> {
    copy_frame::run_in(context, dataset).unwrap().to_owned()
}

/// Opens a data set and maps over all its frames, in this thread.
pub(crate) fn read_frames<A: Hdf5Element>(path: &Path, name: &str) -> ndarray::Array3<A> {
    let dataset = Hdf5Dataset::open(path, name).unwrap_or_else(|error| panic!("{error}"));
    frames(&SerialContext::new(), &dataset)
}

/// An array that NumPy saved.
pub(crate) fn npy<A: ndarray_npy::ReadableElement, D: Dimension>(path: &Path) -> Array<A, D> {
    ndarray_npy::read_npy(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Puts an axis first, as the output of a map along it has it.
pub(crate) fn axis_first<A: Clone, D: RemoveAxis>(array: &Array<A, D>, axis: usize) -> Array<A, D> {
    let mut moved = array.view();
    for at in (0..axis).rev() {
        moved.swap_axes(at, at + 1);
    }
    moved.as_standard_layout().into_owned()
}
