//! Calls of libhdf5: reading what only the library can.
//!
//! The crate's own types do the rest. All that calls C directly is here, under the crate's lock,
//! which it can take twice.

use std::ops::ControlFlow;
use std::path::Path;

use hdf5_metno::dataset::ChunkInfo;
use hdf5_metno::sync::sync;
use hdf5_metno::{
    Dataset, Dataspace, Datatype, Error, Hyperslab, PropertyList, SliceOrIndex, h5check,
};
use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::{h5, h5d, h5i, h5p, h5z};

use super::file;
use super::number::Number;
use super::overflow;
use super::region::{MAX_RANK, Offset, runs};
use super::types::StoredType;
use crate::memory::buffer::resize;

unsafe extern "C" {
    /// Bytes that a chunk takes in the file, 0 if it was never written. (Not in hdf5-metno-sys.)
    fn H5Dget_chunk_storage_size(
        dataset: h5i::hid_t,
        start: *const h5::hsize_t,
        size: *mut h5::hsize_t,
    ) -> h5::herr_t;
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
                // SAFETY: the handle is that of such properties, and the lock is held; at most
                // `len` parameters are written, and no name.
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

/// The first of these filters that libhdf5 can't undo, by its number; looks for plugins that were
/// not loaded yet.
pub(super) fn missing_filter(filters: &[(i32, Vec<u32>)]) -> Option<i32> {
    let is_missing = |&number: &i32| {
        // SAFETY: the function takes any number, and the lock is held.
        sync(|| unsafe { h5z::H5Zfilter_avail(number) }) <= 0
    };
    filters.iter().map(|&(number, _)| number).find(is_missing)
}

/// The files and data sets that a virtual data set with these properties is made of, as its file
/// names them.
pub(super) fn virtual_parts(properties: &PropertyList) -> Vec<(String, String)> {
    let id = properties.id();
    let text = |get: unsafe extern "C" fn(i64, usize, *mut std::ffi::c_char, usize) -> isize,
                part: usize| {
        // SAFETY: without room for a name the function gives its length alone; the lock is held.
        let len = usize::try_from(unsafe { get(id, part, std::ptr::null_mut(), 0) }).ok()?;
        let mut name = vec![0_u8; len + 1];
        // SAFETY: there is room for so many bytes, the zero at the end included; the lock is held.
        let got = unsafe { get(id, part, name.as_mut_ptr().cast(), name.len()) };
        name.truncate(usize::try_from(got).ok()?.min(len));
        String::from_utf8(name).ok()
    };
    sync(|| {
        let mut count = 0;
        // SAFETY: the handle is that of creation properties, and the lock is held.
        if unsafe { h5p::H5Pget_virtual_count(id, &raw mut count) } < 0 {
            return Vec::new();
        }
        let parts = (0..count).map(|part| {
            let file = text(h5p::H5Pget_virtual_filename, part)?;
            Some((file, text(h5p::H5Pget_virtual_dsetname, part)?))
        });
        parts.flatten().collect()
    })
}

/// Checks the parameters of the scale-offset filter against the type and the number of elements in
/// a chunk: libhdf5 1.10 believes those of a damaged file, and reads beyond its memory.
pub(super) fn check_scale_offset(
    filters: &[(i32, Vec<u32>)],
    stored: &StoredType,
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
                && (class == 1) == matches!(stored.number, Number::F16 | Number::F32 | Number::F64)
                && class.max(sign).max(order).max(is_filled) <= 1
        }
        _ => false,
    };
    is_sound.then_some(()).ok_or_else(|| {
        format!("the parameters {parameters:?} of its scale-offset filter do not fit it: the file is damaged")
    })
}

/// The number of chunks that were written, for which libhdf5 goes over all of them.
pub(super) fn num_chunks(dataset: &Dataset) -> Option<usize> {
    goes_over_all_chunks();
    dataset.num_chunks()
}

/// The place of a chunk by its number, for which libhdf5 goes over all those before it.
pub(super) fn chunk_info(dataset: &Dataset, number: usize) -> Option<ChunkInfo> {
    goes_over_all_chunks();
    dataset.chunk_info(number)
}

/// Marks a question for which libhdf5 goes over all chunks of a data set: of these there must not
/// be more where there are more chunks. Tests count them.
fn goes_over_all_chunks() {
    #[cfg(test)]
    COUNTED.with(|counted| counted.set(counted.get() + 1));
}

#[cfg(test)]
thread_local! {
    /// Questions of this thread for which libhdf5 went over all chunks.
    pub(super) static COUNTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Whether libhdf5 refused to tell the size of a chunk because it was never written.
///
/// It then fails with these words (`H5D__get_chunk_storage_size` in its sources) after one look
/// into the index of the chunks, where any other question would take it over all of them.
fn says_not_written(error: &Error) -> bool {
    let words = ["chunk storage is not allocated", "chunk address isn't defined"];
    error.stack().is_some_and(|stack| stack.iter().any(|frame| words.contains(&frame.desc())))
}

/// An open data set, read through libhdf5.
#[derive(Debug)]
pub(super) struct OpenDataset {
    dataset: Dataset,
    /// As what elements are read.
    memory_type: Datatype,
    element_size: usize,
    /// With the axes that elements themselves have.
    shape: Vec<usize>,
    /// How many of the axes are those of elements.
    inner: usize,
    /// How libhdf5 is to convert numbers, where it does.
    transfer: Option<PropertyList>,
}

impl OpenDataset {
    /// Opens the file and the data set.
    pub(super) fn open(path: &Path, name: &str, stored: &StoredType) -> hdf5_metno::Result<Self> {
        OpenDataset::new(file::open(path)?.0.dataset(name)?, stored)
    }

    /// Takes an open data set.
    pub(super) fn new(dataset: Dataset, stored: &StoredType) -> hdf5_metno::Result<Self> {
        let memory_type = stored.memory_type(&dataset)?;
        let element_size = memory_type.size();
        if element_size != stored.element_size() {
            return Err("its type has changed since it was opened".into());
        }
        let shape = [dataset.space()?.shape(), stored.array.clone()].concat();
        let inner = stored.array.len();
        let is_converted_float = !stored.is_plain && stored.number == Number::F64;
        let transfer = is_converted_float.then(overflow::refusing).transpose()?;
        Ok(OpenDataset { dataset, memory_type, element_size, shape, inner, transfer })
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
        let outer = self.shape.len() - self.inner;
        let whole = [&count[..outer], &self.shape[outer..]].concat();
        if whole == count {
            return self.read_elements(&start[..outer], &count[..outer], out);
        }
        // A part of each element, which libhdf5 reads whole.
        let mut elements = Vec::new();
        self.read_elements(&start[..outer], &count[..outer], &mut elements)?;
        let size = self.element_size / self.shape[outer..].iter().product::<usize>().max(1);
        resize(out, count.iter().product::<usize>() * size)?;
        let zeros = [0; MAX_RANK];
        let within = [&zeros[..outer], &start[outer..]].concat();
        let from = Offset { shape: &whole, start: &within };
        let to = Offset { shape: count, start: &zeros[..count.len()] };
        let _ = runs::<()>(count, from, to, |from, to, len| {
            out[to * size..][..len * size].copy_from_slice(&elements[from * size..][..len * size]);
            ControlFlow::Continue(())
        });
        Ok(())
    }

    /// Reads elements of the data set, which may be arrays.
    fn read_elements(
        &self,
        start: &[usize],
        count: &[usize],
        out: &mut Vec<u8>,
    ) -> hdf5_metno::Result<()> {
        let len = count.iter().product::<usize>();
        let num_bytes = len.checked_mul(self.element_size).ok_or("too large for the memory")?;
        resize(out, num_bytes)?;
        if len == 0 {
            return Ok(());
        }
        let slab: Vec<SliceOrIndex> = start
            .iter()
            .zip(count)
            .map(|(&start, &count)| SliceOrIndex::SliceCount { start, step: 1, count, block: 1 })
            .collect();
        let space = self.dataset.space()?;
        // A single value has no axes to select along.
        let from = if start.is_empty() { space } else { space.select(Hyperslab::new(slab))? };
        let to = Dataspace::try_new(len)?;
        let (dataset, memory_type) = (self.dataset.id(), self.memory_type.id());
        let transfer = self.transfer.as_ref().map_or(H5P_DEFAULT, |transfer| transfer.id());
        sync(|| {
            overflow::checked_transfer(|| {
                // SAFETY: the handles are alive and of these kinds, the lock is held, and the
                // selection has as many elements of this size as `out` was just made for.
                h5check(unsafe {
                    let out = out.as_mut_ptr().cast();
                    h5d::H5Dread(dataset, memory_type, to.id(), from.id(), transfer, out)
                })
                .map(drop)
            })
        })
    }

    /// The value of elements that were never written, as bytes of the stored type; `None` if the
    /// numbers of an element that is an array are not all the same.
    pub(super) fn fill_value(&self) -> hdf5_metno::Result<Option<Vec<u8>>> {
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
            let count = self.shape[self.shape.len() - self.inner..].iter().product::<usize>();
            let size = value.len() / count.max(1);
            let is_one_number =
                value.chunks_exact(size.max(1)).all(|other| *other == value[..size]);
            value.truncate(size);
            Ok(is_one_number.then_some(value))
        })
    }

    /// Reads the bytes of the chunk that starts at `start` as they lie in the file, of which it
    /// can't have `most`, and returns which filters were left out; `None` if it was never written.
    pub(super) fn read_chunk(
        &self,
        start: &[usize],
        most: u64,
        out: &mut Vec<u8>,
    ) -> hdf5_metno::Result<Option<u32>> {
        let start = super::region::coordinates(start).map(|start| start as u64);
        sync(|| match self.fetch_chunk(&start, most, out) {
            Err(error) if says_not_written(&error) => Ok(None),
            // Another library may say it in other words.
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
        resize(out, usize::try_from(size).map_err(|_| "a chunk larger than the memory")?)?;
        let mut left_out = 0;
        // SAFETY: the handle is that of a chunked data set with no more axes than `start`; `out`
        // has the size that the library has just said it writes, and the lock is held in between.
        h5check(unsafe {
            let out = out.as_mut_ptr().cast();
            h5d::H5Dread_chunk(dataset, H5P_DEFAULT, start.as_ptr(), &raw mut left_out, out)
        })?;
        Ok(Some(left_out))
    }

    /// Whether a chunk was ever written; libhdf5 goes over all chunks to say so, under the lock.
    fn has_chunk(&self, start: &[u64]) -> hdf5_metno::Result<bool> {
        goes_over_all_chunks();
        let (mut left_out, mut address, mut size) = (0, 0, 0);
        // SAFETY: the handle is that of a chunked data set with no more axes than `start`, and the
        // lock is held.
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
