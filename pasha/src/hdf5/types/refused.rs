//! What is said of elements that are no numbers.

use std::ffi::{CStr, c_char};

use hdf5_metno::Datatype;
use hdf5_metno_sys::h5t::H5T_class_t;
use hdf5_metno_sys::{h5, h5t};

use super::datatype;
use super::stored_type::StoredType;

/// Says what the elements are, and what to do; `describe` describes those that they are made of.
pub(super) fn explain(
    datatype: &Datatype,
    describe: fn(&Datatype) -> Result<StoredType, String>,
) -> String {
    let size = datatype.size();
    match datatype::class(datatype) {
        H5T_class_t::H5T_STRING => {
            // SAFETY: the handle is that of text, and the lock is held.
            let is_variable = unsafe { h5t::H5Tis_variable_str(datatype.id()) } > 0;
            let what = if is_variable { "any length".to_owned() } else { format!("{size} bytes") };
            format!(
                "it holds texts of {what}, and pasha reads numbers: read texts with the crate hdf5-metno, \
                 `File::open(path)?.dataset(name)?.read_raw::<VarLenUnicode>()`, and share them with the kernel"
            )
        }
        H5T_class_t::H5T_VLEN => {
            let of = datatype::base(datatype).and_then(|base| describe(&base));
            let of = of.map_or("elements".to_owned(), |of| of.to_string());
            format!(
                "it holds lists of {of}, each of its own length, and pasha reads numbers: write all of them one after \
                 another in one data set and their lengths in another"
            )
        }
        H5T_class_t::H5T_OPAQUE => {
            let tag = tag(datatype);
            // h5py writes the name of NumPy's type behind this.
            let is_time = tag.starts_with("NUMPY:")
                && ["M8[", "m8[", "time64", "timedelta64"].iter().any(|name| tag.contains(name));
            let way_out = match is_time {
                true => "write the times as integers, in NumPy `times.view('i8')`",
                false => "write what they mean as numbers or as a compound",
            };
            format!("it holds opaque elements of {size} bytes with the tag {tag:?}; {way_out}")
        }
        H5T_class_t::H5T_REFERENCE => {
            "it holds references to other objects of the file, and pasha reads numbers: open what they lead to by its path"
                .to_owned()
        }
        _ => format!(
            "it holds elements of {size} bytes of a type that is no number: write them as integers, floats, bools or \
             compounds of these"
        ),
    }
}

/// The tag of an opaque type: what its writer says that it is.
fn tag(datatype: &Datatype) -> String {
    // SAFETY: the handle is that of an opaque type, and the lock is held. The tag is text of C that
    // the library allocates and takes back.
    unsafe {
        let tag: *mut c_char = h5t::H5Tget_tag(datatype.id());
        if tag.is_null() {
            return String::new();
        }
        let text = CStr::from_ptr(tag).to_string_lossy().into_owned();
        h5::H5free_memory(tag.cast());
        text
    }
}
