//! Calls of libhdf5: describing the type of a data set, and reading what only the library can.
//!
//! The crate's own types do the rest. All that calls C directly is here, under the crate's lock, which it can take
//! twice.

use std::ffi::{CStr, c_char, c_uint};
use std::path::Path;

use hdf5_metno::sync::sync;
use hdf5_metno::{Dataset, Dataspace, Datatype, File, Hyperslab, SliceOrIndex, h5check};
use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::h5t::{H5T_class_t, H5T_order_t, H5T_sign_t};
use hdf5_metno_sys::{h5, h5d, h5i, h5p, h5t};

use super::element::Number;

unsafe extern "C" {
    /// Bytes that a chunk takes in the file, 0 if it was never written. (Not in hdf5-metno-sys.)
    fn H5Dget_chunk_storage_size(
        dataset: h5i::hid_t,
        start: *const h5::hsize_t,
        size: *mut h5::hsize_t,
    ) -> h5::herr_t;
}

/// The type of a data set's elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredType {
    /// What its bytes are, or are converted to by libhdf5.
    pub(super) number: Number,
    /// Whether its bytes lie in the other order than this machine's.
    pub(super) is_swapped: bool,
    /// Whether the bytes in the file are just these, so that pasha can read them itself.
    pub(super) is_plain: bool,
}

impl StoredType {
    /// Describes the type of a data set.
    ///
    /// # Errors
    /// What it is, as a noun phrase, if it is not a number.
    pub(super) fn of(dataset: &Dataset) -> Result<StoredType, String> {
        let datatype =
            dataset.dtype().map_err(|error| format!("a type that can't be read ({error})"))?;
        sync(|| match class(&datatype) {
            H5T_class_t::H5T_INTEGER => integer(&datatype),
            H5T_class_t::H5T_FLOAT => float(&datatype),
            H5T_class_t::H5T_ENUM => enumeration(&datatype),
            _ => Err(datatype.to_descriptor().map_or_else(
                |_| "values of a type that is no number".to_owned(),
                |descriptor| format!("values of the type {descriptor}"),
            )),
        })
    }
}

fn class(datatype: &Datatype) -> H5T_class_t {
    // SAFETY: the handle is that of a type, and the lock is held.
    unsafe { h5t::H5Tget_class(datatype.id()) }
}

fn integer(datatype: &Datatype) -> Result<StoredType, String> {
    // SAFETY: the handle is that of a type, and the lock is held.
    let is_signed = unsafe { h5t::H5Tget_sign(datatype.id()) } != H5T_sign_t::H5T_SGN_NONE;
    let size = datatype.size();
    if let Some(number) = Number::integer(size, is_signed)
        && let Some(is_swapped) = byte_order(datatype, number)
    {
        return Ok(StoredType { number, is_swapped, is_plain: true });
    }
    // Of fewer bits than bytes, or of 3 bytes: libhdf5 converts it to one that holds all values.
    check_bits(datatype, &[])?;
    let number = if is_signed { Number::I64 } else { Number::U64 };
    let strange = StoredType { number, is_swapped: false, is_plain: false };
    (size <= 8).then_some(strange).ok_or_else(|| format!("integers of {size} bytes"))
}

fn float(datatype: &Datatype) -> Result<StoredType, String> {
    for number in [Number::F32, Number::F64] {
        if let Some(is_swapped) = byte_order(datatype, number) {
            return Ok(StoredType { number, is_swapped, is_plain: true });
        }
    }
    let (mut sign, mut exponent, mut exponent_bits, mut mantissa, mut mantissa_bits) =
        (0, 0, 0, 0, 0);
    // SAFETY: the handle is that of a float, and the lock is held.
    let got = unsafe {
        h5t::H5Tget_fields(
            datatype.id(),
            &raw mut sign,
            &raw mut exponent,
            &raw mut exponent_bits,
            &raw mut mantissa,
            &raw mut mantissa_bits,
        )
    };
    if got < 0 {
        return Err("floats of a type that can't be read".to_owned());
    }
    check_bits(datatype, &[(sign, 1), (exponent, exponent_bits), (mantissa, mantissa_bits)])?;
    let size = datatype.size();
    let number = if size <= 2 { Number::F32 } else { Number::F64 };
    let strange = StoredType { number, is_swapped: false, is_plain: false };
    (size <= 8).then_some(strange).ok_or_else(|| format!("floats of {size} bytes"))
}

/// Checks that the bits of a number, and the fields among them, lie within its bytes: libhdf5 1.10 would read beyond
/// them in a damaged file.
fn check_bits(datatype: &Datatype, fields: &[(usize, usize)]) -> Result<(), String> {
    // SAFETY: the handle is that of a number, and the lock is held.
    let (start, len) =
        unsafe { (h5t::H5Tget_offset(datatype.id()), h5t::H5Tget_precision(datatype.id())) };
    let bits = 8 * datatype.size();
    let whole = usize::try_from(start).map(|start| (start, len));
    let ends_within = |&(start, len): &(usize, usize)| {
        len > 0 && start.checked_add(len).is_some_and(|end| end <= bits)
    };
    let is_sound = whole.is_ok_and(|whole| ends_within(&whole)) && fields.iter().all(ends_within);
    is_sound.then_some(()).ok_or_else(|| {
        format!("numbers of {len} bits from bit {start} of {bits}: the file is damaged")
    })
}

/// An enumeration is its numbers, and a bool if it is what h5py writes for one.
fn enumeration(datatype: &Datatype) -> Result<StoredType, String> {
    // SAFETY: the handle is that of an enumeration, and the lock is held; the new handle is
    // owned by nobody else.
    let base = unsafe { hdf5_metno::from_id::<Datatype>(h5t::H5Tget_super(datatype.id())) };
    let base = base.map_err(|error| error.to_string())?;
    let base = integer(&base)?;
    // SAFETY: as above.
    let num_members = unsafe { h5t::H5Tget_nmembers(datatype.id()) };
    let is_bool = base.number.size() == 1
        && base.is_plain
        && num_members == 2
        && [("FALSE", 0), ("TRUE", 1)].contains(&member(datatype, 0))
        && [("FALSE", 0), ("TRUE", 1)].contains(&member(datatype, 1));
    if is_bool {
        return Ok(StoredType { number: Number::Bool, ..base });
    }
    // libhdf5 converts no enumeration to an integer of another width: let it alone.
    base.is_plain.then_some(base).ok_or_else(|| "an enumeration of unusual integers".to_owned())
}

/// The name, if it is one of a bool's, and the value of a member of an enumeration of one byte.
fn member(datatype: &Datatype, index: c_uint) -> (&'static str, u8) {
    let mut value = u8::MAX;
    // SAFETY: the handle is that of an enumeration of one byte with such a member, and the lock
    // is held. The name is text of C that the library allocates and takes back.
    unsafe {
        if h5t::H5Tget_member_value(datatype.id(), index, (&raw mut value).cast()) < 0 {
            return ("", value);
        }
        let name: *mut c_char = h5t::H5Tget_member_name(datatype.id(), index);
        if name.is_null() {
            return ("", value);
        }
        let known = ["FALSE", "TRUE"];
        let text = CStr::from_ptr(name).to_bytes();
        let found = known.into_iter().find(|known| known.as_bytes() == text);
        h5::H5free_memory(name.cast());
        (found.unwrap_or(""), value)
    }
}

/// Whether the type is this number in swapped order; `None` if it is another.
fn byte_order(datatype: &Datatype, number: Number) -> Option<bool> {
    let native = native(number)?;
    if *datatype == native {
        return Some(false);
    }
    let other = if cfg!(target_endian = "little") {
        H5T_order_t::H5T_ORDER_BE
    } else {
        H5T_order_t::H5T_ORDER_LE
    };
    // SAFETY: the handle is that of a type, and the lock is held; the copy is owned by `swapped`
    // alone.
    let swapped: Datatype = unsafe {
        let copy = hdf5_metno::from_id(h5t::H5Tcopy(native.id())).ok()?;
        let copy: Datatype = copy;
        (h5t::H5Tset_order(copy.id(), other) >= 0).then_some(copy)?
    };
    (*datatype == swapped).then_some(true)
}

/// HDF5's numbers of a data set's filters and their parameters, in the order of writing.
pub(super) fn filters(dataset: &Dataset) -> hdf5_metno::Result<Vec<(i32, Vec<u32>)>> {
    let properties = dataset.dcpl()?;
    sync(|| {
        // SAFETY: the handle is that of such properties, and the lock is held.
        let count = h5check(unsafe { h5p::H5Pget_nfilters(properties.id()) })?;
        (0..count.unsigned_abs())
            .map(|at| {
                let (mut flags, mut config) = (0, 0);
                let mut parameters = [0; 32];
                let mut len = parameters.len();
                // SAFETY: as above; at most `len` parameters are written, and no name.
                let id = h5check(unsafe {
                    h5p::H5Pget_filter2(
                        properties.id(),
                        at,
                        &raw mut flags,
                        &raw mut len,
                        parameters.as_mut_ptr(),
                        0,
                        std::ptr::null_mut(),
                        &raw mut config,
                    )
                })?;
                let len = len.min(parameters.len());
                Ok((id, parameters[..len].to_vec()))
            })
            .collect()
    })
}

/// Checks the parameters of the scale-offset filter against the type and the number of elements in a chunk: libhdf5 1.10
/// believes those of a damaged file, and reads beyond its memory.
pub(super) fn check_scale_offset(
    filters: &[(i32, Vec<u32>)],
    stored: StoredType,
    elements: usize,
) -> Result<(), String> {
    /// HDF5's number of the filter.
    const SCALE_OFFSET: i32 = 6;
    let Some((_, parameters)) = filters.iter().find(|&&(number, _)| number == SCALE_OFFSET) else {
        return Ok(());
    };
    // Scale type and factor, number of elements, class, size, sign, byte order, …
    let is_sound = match parameters[..] {
        [0..=2, _, count, class, size, sign, order, is_filled, ..] => {
            count as usize == elements
                && (!stored.is_plain || size as usize == stored.number.size())
                && (class == 1) == matches!(stored.number, Number::F32 | Number::F64)
                && class.max(sign).max(order).max(is_filled) <= 1
        }
        _ => false,
    };
    is_sound.then_some(()).ok_or_else(|| {
        format!("the parameters {parameters:?} of its scale-offset filter do not fit it: the file is damaged")
    })
}

/// The type of libhdf5 for a number of this machine.
fn native(number: Number) -> Option<Datatype> {
    match number {
        Number::I8 => Datatype::from_type::<i8>(),
        Number::I16 => Datatype::from_type::<i16>(),
        Number::I32 => Datatype::from_type::<i32>(),
        Number::I64 => Datatype::from_type::<i64>(),
        Number::U8 | Number::Bool => Datatype::from_type::<u8>(),
        Number::U16 => Datatype::from_type::<u16>(),
        Number::U32 => Datatype::from_type::<u32>(),
        Number::U64 => Datatype::from_type::<u64>(),
        Number::F32 => Datatype::from_type::<f32>(),
        Number::F64 => Datatype::from_type::<f64>(),
    }
    .ok()
}

/// An open data set, read through libhdf5.
#[derive(Debug)]
pub(super) struct OpenDataset {
    dataset: Dataset,
    /// As what elements are read.
    memory_type: Datatype,
    element_size: usize,
    shape: Vec<usize>,
}

impl OpenDataset {
    /// Opens the file and the data set.
    pub(super) fn open(path: &Path, name: &str, stored: StoredType) -> hdf5_metno::Result<Self> {
        OpenDataset::new(File::open(path)?.dataset(name)?, stored)
    }

    /// Takes an open data set.
    pub(super) fn new(dataset: Dataset, stored: StoredType) -> hdf5_metno::Result<Self> {
        let memory_type = if stored.is_plain { None } else { native(stored.number) };
        let memory_type = memory_type.map_or_else(|| dataset.dtype(), Ok)?;
        let element_size = memory_type.size();
        if element_size != stored.number.size() {
            return Err("its type has changed since it was opened".into());
        }
        let shape = dataset.space()?.shape();
        Ok(OpenDataset { dataset, memory_type, element_size, shape })
    }

    /// The shape of the data set.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Reads `count` from `start` along each axis, in C order, as bytes of the stored type.
    pub(super) fn read(
        &self,
        start: &[usize],
        count: &[usize],
        out: &mut Vec<u8>,
    ) -> hdf5_metno::Result<()> {
        let len = count.iter().product::<usize>();
        let num_bytes = len.checked_mul(self.element_size).ok_or("too large for the memory")?;
        out.resize(num_bytes, 0);
        if len == 0 {
            return Ok(());
        }
        let slab: Vec<SliceOrIndex> = start
            .iter()
            .zip(count)
            .map(|(&start, &count)| SliceOrIndex::SliceCount { start, step: 1, count, block: 1 })
            .collect();
        let from = self.dataset.space()?.select(Hyperslab::new(slab))?;
        let to = Dataspace::try_new(len)?;
        let (dataset, memory_type) = (self.dataset.id(), self.memory_type.id());
        sync(|| {
            // SAFETY: the handles are alive and of these kinds, the lock is held, and the
            // selection has as many elements of this size as `out` was just made for.
            h5check(unsafe {
                let out = out.as_mut_ptr().cast();
                h5d::H5Dread(dataset, memory_type, to.id(), from.id(), H5P_DEFAULT, out)
            })
        })?;
        Ok(())
    }

    /// The value of elements that were never written, as bytes of the stored type.
    pub(super) fn fill_value(&self) -> hdf5_metno::Result<Vec<u8>> {
        let mut value = vec![0; self.element_size];
        let properties = self.dataset.dcpl()?;
        sync(|| {
            let mut defined = h5d::H5D_fill_value_t::H5D_FILL_VALUE_UNDEFINED;
            // SAFETY: the handles are alive and of these kinds, the lock is held, and `value` has
            // room for one element.
            unsafe {
                h5check(h5p::H5Pfill_value_defined(properties.id(), &raw mut defined))?;
                if defined != h5d::H5D_fill_value_t::H5D_FILL_VALUE_UNDEFINED {
                    let value = value.as_mut_ptr().cast();
                    h5check(h5p::H5Pget_fill_value(properties.id(), self.memory_type.id(), value))?;
                }
            }
            Ok(value)
        })
    }

    /// Reads the bytes of the chunk that starts at `start` as they lie in the file, of which it can't have `most`, and
    /// returns which filters were left out; `None` if it was never written.
    pub(super) fn read_chunk(
        &self,
        start: &[usize],
        most: u64,
        out: &mut Vec<u8>,
    ) -> hdf5_metno::Result<Option<u32>> {
        let start = super::region::coordinates(start).map(|start| start as u64);
        sync(|| match self.fetch_chunk(&start, most, out) {
            // For a chunk that was never written the quick question fails or not, as it happens.
            Err(_) if !self.has_chunk(&start)? => Ok(None),
            outcome => outcome,
        })
    }

    /// As [`read_chunk`](Self::read_chunk), under the lock, where the chunk is likely to be there.
    fn fetch_chunk(
        &self,
        start: &[u64],
        most: u64,
        out: &mut Vec<u8>,
    ) -> hdf5_metno::Result<Option<u32>> {
        let dataset = self.dataset.id();
        let mut size = 0;
        // SAFETY: the handle is that of a chunked data set with no more axes than `start`, and the
        // lock is held.
        h5check(unsafe { H5Dget_chunk_storage_size(dataset, start.as_ptr(), &raw mut size) })?;
        if size == 0 {
            return Ok(None);
        }
        if size > most {
            return Err("a chunk is larger than the file".into());
        }
        out.resize(usize::try_from(size).map_err(|_| "a chunk larger than the memory")?, 0);
        let mut left_out = 0;
        // SAFETY: as above, and `out` has the size that the library has just said it writes;
        // the lock is held in between.
        h5check(unsafe {
            let out = out.as_mut_ptr().cast();
            h5d::H5Dread_chunk(dataset, H5P_DEFAULT, start.as_ptr(), &raw mut left_out, out)
        })?;
        Ok(Some(left_out))
    }

    /// Whether a chunk was ever written; it takes as long as there are chunks, under the lock.
    fn has_chunk(&self, start: &[u64]) -> hdf5_metno::Result<bool> {
        let (mut left_out, mut address, mut size) = (0, 0, 0);
        // SAFETY: as for `fetch_chunk`.
        h5check(unsafe {
            let (left_out, address) = (&raw mut left_out, &raw mut address);
            let dataset = self.dataset.id();
            h5d::H5Dget_chunk_info_by_coord(
                dataset,
                start.as_ptr(),
                left_out,
                address,
                &raw mut size,
            )
        })?;
        Ok(size > 0)
    }
}
