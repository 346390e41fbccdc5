//! What a data set of a key looks like.

use hdf5_metno::Dataset;
use hdf5_metno::types::TypeDescriptor;

use super::Section;
use crate::hdf5::types;

/// What a key's entries look like, from [`Run::key_info`](super::Run::key_info).
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// for key in run.keys("FXE_XAD_GEC/CAM/CAMERA:daqOutput")? {
///     let info = run.key_info("FXE_XAD_GEC/CAM/CAMERA:daqOutput", key)?;
///     println!("{key}: {} {:?}", info.element, info.entry_shape);
/// }
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// The source.
    pub source: String,
    /// The key, as it is named in the file, with dots.
    pub key: String,
    /// The section that it lies in.
    pub section: Section,
    /// The index group: the first part of an instrument's key, empty for control data.
    pub group: String,
    /// The element type, as Rust names it: `u16`, `f32`, `bool`, `String`, for a compound its
    /// members as fields, `{ x: f64, y: f64 }`; or what it is otherwise.
    pub element: String,
    /// The shape of one entry; empty for a number.
    pub entry_shape: Vec<usize>,
}

/// The element type of a data set, as Rust names it, and the axes that elements themselves have.
pub(super) fn element_of(dataset: &Dataset) -> (String, Vec<usize>) {
    if let Ok(described) = types::describe(dataset) {
        return described;
    }
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    let name = match descriptor {
        Ok(
            TypeDescriptor::VarLenAscii
            | TypeDescriptor::VarLenUnicode
            | TypeDescriptor::FixedAscii(_)
            | TypeDescriptor::FixedUnicode(_),
        ) => "String".to_owned(),
        Ok(other) => other.to_string(),
        Err(_) => "unknown".to_owned(),
    };
    (name, Vec::new())
}
