//! Strings of NetCDF-4, which the library allocates, and of which some may be missing.

use std::ffi::{CStr, c_char};
use std::ptr::with_exposed_provenance_mut;

use netcdf::types::NcVariableType;
use netcdf::{Extent, Variable};
use nix::libc;

use crate::error::SourceError;

/// The strings in a part of a variable, `len` of them, in C order. What was never written, as
/// HDF5's own programs leave it, is an empty text: the crate's `get_string` reads through its null
/// pointer.
pub(super) fn strings(
    variable: &Variable<'_>,
    part: Vec<Extent>,
    len: usize,
) -> Result<Vec<String>, SourceError> {
    if variable.vartype() != NcVariableType::String {
        return Err("its elements are no strings".into());
    }
    let mut pointers = vec![0_u8; len * size_of::<*mut c_char>()];
    let read = variable.get_raw_values_into(&mut pointers, part);
    read.map_err(|error| format!("{error}: the file is damaged or truncated"))?;
    let pointers = pointers.as_chunks::<{ size_of::<*mut c_char>() }>().0.iter();
    let texts = pointers.map(|pointer| {
        let pointer: *mut c_char = with_exposed_provenance_mut(usize::from_ne_bytes(*pointer));
        if pointer.is_null() {
            return String::new();
        }
        // SAFETY: the variable has strings, as was asked above, and the library has read all of the
        // buffer, or the error would have been returned: the pointer is to a string that it
        // allocated for the caller and ended with a zero.
        let text = unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned();
        // SAFETY: the library allocated the string with malloc for its caller, who is to free it
        // (`nc_free_string` calls `free` on each), and nothing else has the pointer.
        unsafe { libc::free(pointer.cast()) };
        text
    });
    Ok(texts.collect())
}
