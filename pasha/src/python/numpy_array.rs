//! NumPy's arrays as ndarray's views: what is checked, and what keeps the memory where it is.

use std::ops::Range;

use ndarray::{ArrayView, Axis, Dimension, IxDyn, ShapeBuilder};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyWeakref, PyWeakrefReference};

use super::argument::{Argument, CallError};
use super::claims::{Access, Claim};
use super::element::PyElement;

/// A NumPy array that a map reads, where it lies.
pub(crate) struct NumpyArray<A: 'static, D: Dimension> {
    // Invariant: it points into the memory of `_array`, which `_owners` keep as it is.
    view: ArrayView<'static, A, D>,
    _array: Py<PyUntypedArray>,
    _owners: Vec<Py<PyWeakref>>,
    _claim: Claim,
}

/// Where an array lies, and with which strides in bytes.
struct Layout {
    start: *const u8,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl<A: PyElement, D: Dimension> NumpyArray<A, D> {
    /// Checks that the array has elements and axes of these types, and holds it.
    ///
    /// # Errors
    /// Whatever is wrong with it, by the argument's name.
    pub(crate) fn new(
        argument: Argument<'_, '_>,
        array: &Bound<'_, PyUntypedArray>,
    ) -> Result<Self, CallError> {
        debug_assert!(!A::IS_CHECKED, "every byte is a value");
        check_elements::<A>(argument, array)?;
        let layout = Layout::of(array);
        let dim = layout.dim::<D>(argument)?;
        layout.check::<A>(argument)?;
        let Some(claim) = Claim::new(layout.addresses(size_of::<A>()), Access::Reads) else {
            return Err(argument.wrong_value(
                "its memory is written by a map meanwhile, as `out`: give another array, or a copy",
            ));
        };
        let owners = hold_owners(array)?;
        Ok(NumpyArray {
            // SAFETY: the elements are of this type, as `check_elements` found, and aligned, whole
            // strides apart, as `check` did. They live as long as the array, which the struct has a
            // reference to; its owner's memory is not moved or freed by `resize`, which NumPy
            // refuses for arrays with weak references, which the struct has, too. No map writes
            // to it, which `claim` says; what Python's own code writes is what the documentation
            // of `python_module!` asks of it, as every array that is shared with Python does.
            view: unsafe { layout.view(dim) },
            _array: array.clone().unbind(),
            _owners: owners,
            _claim: claim,
        })
    }

    /// The elements.
    pub(crate) fn view(&self) -> ArrayView<'_, A, D> {
        self.view.view()
    }
}

/// Checks that the array has elements of this type, in the order of bytes of this machine.
pub(crate) fn check_elements<A: PyElement>(
    argument: Argument<'_, '_>,
    array: &Bound<'_, PyUntypedArray>,
) -> Result<(), CallError> {
    let found = array.dtype();
    if found.is_equiv_to(&A::get_dtype(array.py())) {
        return Ok(());
    }
    if found.is_native_byteorder() == Some(false)
        && found.kind() == A::get_dtype(array.py()).kind()
        && found.itemsize() == size_of::<A>()
    {
        return Err(argument.wrong_type(&format!(
            "its elements, {found}, have their bytes in the other order than this machine's: \
             convert them, `{}.astype('{}')`",
            argument.name,
            A::NAME
        )));
    }
    let advice = format!("convert them, `{}.astype('{}')`", argument.name, A::NAME);
    Err(argument.wrong_elements(found.to_string(), A::NAME, advice))
}

/// Keeps the array, and those whose memory it is a view of, from being resized in place.
fn hold_owners(array: &Bound<'_, PyUntypedArray>) -> PyResult<Vec<Py<PyWeakref>>> {
    let mut owners = Vec::with_capacity(1);
    let mut next = Some(array.clone());
    while let Some(array) = next {
        owners.push(PyWeakrefReference::new(&array)?.into_any().cast_into::<PyWeakref>()?.unbind());
        // SAFETY: it is an array, whose `base` is null or an object that it has a reference to.
        let base = unsafe {
            let base = (*array.as_array_ptr()).fields.base;
            Bound::from_borrowed_ptr_or_opt(array.py(), base.cast())
        };
        next = base.and_then(|base| base.cast_into::<PyUntypedArray>().ok());
    }
    Ok(owners)
}

impl Layout {
    fn of(array: &Bound<'_, PyUntypedArray>) -> Layout {
        // SAFETY: it is an array, of which this is the address of its first element.
        let start = unsafe { (*array.as_array_ptr()).fields.data }.cast_const().cast();
        Layout { start, shape: array.shape().to_vec(), strides: array.strides().to_vec() }
    }

    fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The shape, if it has this number of axes.
    fn dim<D: Dimension>(&self, argument: Argument<'_, '_>) -> Result<D, CallError> {
        D::from_dimension(&IxDyn(&self.shape))
            .ok_or_else(|| argument.wrong_axes(&self.shape, D::NDIM))
    }

    /// Checks that elements of this type lie where they are aligned.
    fn check<A>(&self, argument: Argument<'_, '_>) -> Result<(), CallError> {
        let (size, alignment) = (size_of::<A>(), align_of::<A>());
        let mut axes = self.shape.iter().zip(&self.strides);
        let is_whole =
            axes.all(|(&len, &stride)| len <= 1 || stride.unsigned_abs().is_multiple_of(size));
        if self.is_empty() || (is_whole && self.start.addr().is_multiple_of(alignment)) {
            return Ok(());
        }
        Err(argument.wrong_value(&format!(
            "its elements are not aligned, as those of a packed record are: give a copy, \
             `{}.copy()`",
            argument.name
        )))
    }

    /// The addresses that elements of this size take.
    fn addresses(&self, size: usize) -> Range<usize> {
        if self.is_empty() {
            return 0..0;
        }
        let reach = |is_wanted: fn(isize) -> bool| {
            let axes = self.shape.iter().zip(&self.strides);
            let wanted = axes.filter(|(_, stride)| is_wanted(**stride));
            wanted.map(|(len, stride)| (len - 1) * stride.unsigned_abs()).sum::<usize>()
        };
        let start = self.start.addr();
        start - reach(|stride| stride < 0)..start + reach(|stride| stride > 0) + size
    }

    /// # Safety
    /// There are valid, aligned elements of this type, strides that are multiples of their size
    /// apart, for as long as the view is used.
    unsafe fn view<A: 'static, D: Dimension>(&self, dim: D) -> ArrayView<'static, A, D> {
        let mut strides = D::zeros(self.shape.len());
        let mut first = self.start.cast::<A>();
        let is_empty = self.is_empty();
        let mut backwards = Vec::new();
        for (axis, (&len, &stride)) in self.shape.iter().zip(&self.strides).enumerate() {
            if len <= 1 || is_empty {
                continue;
            }
            strides[axis] = stride.unsigned_abs() / size_of::<A>();
            if stride < 0 {
                backwards.push(Axis(axis));
                // SAFETY: the last element of the axis belongs to the array, which is not empty.
                first = unsafe { first.byte_offset(stride * (len - 1).cast_signed()) };
            }
        }
        if is_empty {
            first = std::ptr::dangling();
        }
        // SAFETY: as the caller promises, with the first element in memory as the origin, from
        // where all strides lead upwards.
        let mut view = unsafe { ArrayView::from_shape_ptr(dim.strides(strides), first) };
        backwards.into_iter().for_each(|axis| view.invert_axis(axis));
        view
    }
}
