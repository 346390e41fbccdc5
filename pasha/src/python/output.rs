//! The outputs of a map as arrays of NumPy's that own the memory, and how they are used again.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::Dimension;
use numpy::{PyArray, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::argument::shape_in_words;
use super::argument::{Argument, CallError};
use super::claims::{Access, Claim};
use super::element::PyElement;
use crate::array::{Order, SharedArray};
use crate::memory::{Memory, Pages};

/// What an array of NumPy's that a map has returned is based on: it owns the memory.
///
/// The array is taken out while a map writes into it once more, and is put back whatever becomes of
/// that map, so that the memory lives as long as this object.
#[pyclass(frozen, name = "OutputMemory", module = "pasha")]
pub(crate) struct OutputMemory(Mutex<Option<Box<dyn Any + Send>>>);

impl OutputMemory {
    fn array(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An array of NumPy's whose memory a map writes into once more.
pub struct Home {
    memory: Py<OutputMemory>,
    array: Py<PyAny>,
    _claim: Claim,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home").finish_non_exhaustive()
    }
}

/// Gives the array to Python, as one of NumPy's that is based on it.
pub(crate) fn give<'py, A: PyElement, D: Dimension + 'static>(
    py: Python<'py>,
    array: SharedArray<A, D>,
) -> PyResult<Bound<'py, PyAny>> {
    let view = array.view().raw_view();
    let memory = Bound::new(py, OutputMemory(Mutex::new(Some(Box::new(array)))))?;
    // SAFETY: the array is in `memory`, with which no other thread has done anything yet; its
    // elements did not move with it, because they lie in a mapping.
    let view = unsafe { view.deref_into_view() };
    // SAFETY: the elements live as long as `memory`, which the array of NumPy's has a reference to:
    // `Taken` puts the array back into it, or forgets it, wherever it is taken out.
    Ok(unsafe { PyArray::borrow_from_array(&view, memory.into_any()) }.into_any())
}

/// Takes the array on which one of NumPy's is based, for a map to write into it.
pub(crate) fn take<A: PyElement, D: Dimension + 'static>(
    argument: Argument<'_, '_>,
) -> Result<(SharedArray<A, D>, Home), CallError> {
    let not_ours = || {
        argument.wrong_type(
            "it is no array that a map of this module has returned, which alone lie in memory that \
             workers can write to: leave `out` out the first time, and give what is returned",
        )
    };
    let array = argument.value.cast::<PyUntypedArray>().map_err(|_| not_ours())?;
    let memory = base(array).and_then(|base| base.cast_into::<OutputMemory>().ok());
    let memory = memory.ok_or_else(not_ours)?;
    let mut place = memory.get().array();
    let Some(taken) = place.take() else {
        return Err(argument.wrong_value("another map writes into it, or it is given twice"));
    };
    let taken = match taken.downcast::<SharedArray<A, D>>() {
        Ok(taken) => taken,
        Err(other) => {
            *place = Some(other);
            return Err(argument.wrong_value(&format!(
                "it is an array of {} of shape {}, but the kernel writes {} in {}",
                array.dtype(),
                shape_in_words(array.shape()),
                A::NAME,
                D::NDIM.map_or("others".to_owned(), |axes| format!("{axes} axes"))
            )));
        }
    };
    let refusal = match what_is_wrong(array, &taken) {
        Some(reason) => Some(reason),
        None => match claim(&taken) {
            Ok(claim) => {
                let home = Home {
                    memory: memory.clone().unbind(),
                    array: argument.value.clone().unbind(),
                    _claim: claim,
                };
                drop(place);
                return Ok((*taken, home));
            }
            Err(reason) => Some(reason),
        },
    };
    *place = Some(taken);
    drop(place);
    Err(argument.wrong_value(refusal.unwrap_or_default()))
}

impl Home {
    /// Puts the array back, and gives that of NumPy's.
    pub(crate) fn put_back<A: PyElement, D: Dimension + 'static>(
        self,
        py: Python<'_>,
        array: SharedArray<A, D>,
    ) -> Py<PyAny> {
        *self.memory.get().array() = Some(Box::new(array));
        self.array.clone_ref(py)
    }
}

/// An array with no elements, to stand where one is taken out.
pub(crate) fn stand_in<A: PyElement, D: Dimension + 'static>(
    axes: usize,
) -> Option<SharedArray<A, D>> {
    SharedArray::zeros(D::zeros(axes), Order::C, Memory::Private, Pages::Ordinary).ok()
}

fn base<'py>(array: &Bound<'py, PyUntypedArray>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: it is an array, whose `base` is null or an object that it has a reference to.
    unsafe {
        let base = (*array.as_array_ptr()).fields.base;
        Bound::from_borrowed_ptr_or_opt(array.py(), base.cast())
    }
}

/// Why the array of NumPy's is not the one that was given of this.
fn what_is_wrong<A: PyElement, D: Dimension + 'static>(
    array: &Bound<'_, PyUntypedArray>,
    owned: &SharedArray<A, D>,
) -> Option<&'static str> {
    let size = size_of::<A>().cast_signed();
    // SAFETY: it is an array, of which these are the address of the first element and the flags.
    let (start, flags) = unsafe {
        let array = array.as_array_ptr();
        ((*array).fields.data, (*array).fields.flags)
    };
    let mut strides = array.strides().iter().zip(owned.strides());
    let is_whole = start.addr() == owned.view().as_ptr().addr()
        && array.shape() == owned.shape()
        && (owned.is_empty() || strides.all(|(&bytes, &step)| bytes == step * size))
        && array.dtype().is_equiv_to(&A::get_dtype(array.py()));
    if !is_whole {
        return Some("its shape, strides or dtype were changed: give it as a map has returned it");
    }
    if flags & numpy::npyffi::NPY_ARRAY_WRITEABLE == 0 {
        return Some("it is read-only: its flag `writeable` is off");
    }
    None
}

/// Claims the memory for a map that writes to it, in which every element is a value.
fn claim<A: PyElement, D: Dimension + 'static>(
    owned: &SharedArray<A, D>,
) -> Result<Claim, &'static str> {
    let start = owned.view().as_ptr().addr();
    let addresses = start..start + owned.len() * size_of::<A>();
    let claim = Claim::new(addresses, Access::Writes).ok_or(
        "a map reads its memory, perhaps this one as one of its arguments: give another array",
    )?;
    if A::IS_CHECKED {
        // SAFETY: the array owns this many bytes, whatever they are.
        let bytes = unsafe {
            std::slice::from_raw_parts(
                owned.view().as_ptr().cast::<u8>(),
                size_of::<A>() * owned.len(),
            )
        };
        if bytes.iter().any(|&byte| A::of_byte(byte).is_none()) {
            return Err("it is of bool, but has an element of another byte than 0 and 1");
        }
    }
    Ok(claim)
}
