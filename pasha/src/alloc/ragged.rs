//! Allocation of ragged arrays, whose slots get their lengths from the map.

use std::marker::PhantomData;
use std::path::PathBuf;

use ndarray::Ix1;

use super::{AllocBuilder, ElementInFile, ForAll, Owner, absolute, build};
use crate::array::{Order, RaggedArray, SharedArray, ValuesOf};
use crate::context::Context;
use crate::element::{Element, assert_alignment_in_file};
use crate::error::{Error, Result};
use crate::npy::NpyElement;
use crate::resume;

/// Allocation of ragged arrays; implemented by every context.
///
/// # Examples
/// ```
/// use pasha::prelude::*;
///
/// let empty = ThreadContext::new(2)?.alloc_ragged::<f32>(10).build()?;
/// assert_eq!(empty.len(), 10);
/// assert_eq!(empty.values().len(), 0);
/// # Ok::<(), pasha::Error>(())
/// ```
pub trait AllocateRagged: Context {
    /// Begins the allocation of a ragged array of so many slots, which are empty until a map into
    /// the array gives them the lengths that it finds.
    ///
    /// # Examples
    /// ```
    /// use pasha::Ragged;
    /// use pasha::prelude::*;
    ///
    /// /// Lists the divisors of a number.
    /// #[pasha::kernel]
    /// fn divisors(n: u32, #[output(ragged)] found: &mut Ragged<u32>) {
    ///     (1..=n).filter(|divisor| n % divisor == 0).for_each(|divisor| found.push(divisor));
    /// }
    ///
    /// let context = ProcessContext::new(2)?;
    /// let mut out = context.alloc_ragged::<u32>(6).build()?;
    /// divisors::run_into(&context, 1..=6_u32, &mut out)?;
    /// assert_eq!(out[5], [1, 2, 3, 6]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn alloc_ragged<A: Element>(&self, num_slots: usize) -> AllocRaggedBuilder<A> {
        let (owner, element) = (Owner::of(self), PhantomData);
        AllocRaggedBuilder { owner, num_slots, files: None, element }
    }
}

impl<C: Context + ?Sized> AllocateRagged for C {}

/// An allocation of a ragged array that is being described.
///
/// # Examples
/// ```
/// use pasha::alloc::AllocRaggedBuilder;
/// use pasha::prelude::*;
///
/// let builder: AllocRaggedBuilder<f64> = SerialContext::new().alloc_ragged(3);
/// assert_eq!(builder.build()?.offsets(), ndarray::array![0, 0, 0, 0]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[must_use = "nothing is allocated before `build`"]
#[derive(Debug, Clone)]
pub struct AllocRaggedBuilder<A> {
    owner: Owner,
    num_slots: usize,
    /// Where values and offsets lie, and how the values' type is named there.
    files: Option<(PathBuf, PathBuf, ElementInFile)>,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> AllocRaggedBuilder<A> {
    /// Puts the values, and where each slot starts among them, into a pair of new `.npy` files,
    /// replacing those that are there.
    ///
    /// NumPy takes them apart by
    /// `numpy.split(numpy.load("values.npy"), numpy.load("offsets.npy")[1:-1])`. The file of the
    /// values is empty at first, and gets its size from the map: before its first item where
    /// the kernel has `#[output(ragged = LENGTH)]`, after its last where it pushes. If there is no
    /// room for it then, the map fails, and the array has the values in memory.
    ///
    /// In a context with [`resume`](crate::Options::resume) values with `ragged = LENGTH` lie in
    /// their file alone, which is gone on with as other outputs in files are; those that are pushed
    /// lie in the journal of the job until the map is through.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{ArrayViewMut1, array};
    /// use pasha::prelude::*;
    ///
    /// /// Counts down from `count`.
    /// #[pasha::kernel]
    /// fn countdown(count: u32, #[output(ragged = count)] mut slot: ArrayViewMut1<u32>) {
    ///     (0..count).rev().zip(&mut slot).for_each(|(left, value)| *value = left);
    /// }
    ///
    /// # let folder = std::env::temp_dir().join(format!("pasha-ragged-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let (values, offsets) = (folder.join("values.npy"), folder.join("offsets.npy"));
    /// let context = ProcessContext::new(2)?;
    /// let mut out = context.alloc_ragged::<u32>(3).files(&values, &offsets).build()?;
    /// countdown::run_into(&context, &[2_u32, 0, 3], &mut out)?;
    /// drop(out);
    /// let file = NpyFile::<u32, ndarray::Ix1>::open(&values)?; // or `numpy.load`
    /// assert_eq!(file.view(), array![1, 0, 2, 1, 0]);
    /// let file = NpyFile::<u64, ndarray::Ix1>::open(&offsets)?;
    /// assert_eq!(file.view(), array![0, 2, 2, 5]);
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn files(self, values: impl Into<PathBuf>, offsets: impl Into<PathBuf>) -> Self
    where
        A: NpyElement,
    {
        const { assert_alignment_in_file::<A>() };
        let (values, offsets) = (absolute(values.into()), absolute(offsets.into()));
        AllocRaggedBuilder { files: Some((values, offsets, ElementInFile::of::<A>())), ..self }
    }

    /// Allocates the array.
    ///
    /// # Errors
    /// [`Error::Argument`] if both files have one path; else as
    /// [`AllocBuilder::build`].
    ///
    /// # Examples
    /// ```
    /// use pasha::prelude::*;
    ///
    /// let empty = ProcessContext::new(2)?.alloc_ragged::<u16>(2).build()?;
    /// assert!(empty.iter().all(|slot| slot.is_empty()));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn build(self) -> Result<RaggedArray<A>> {
        let AllocRaggedBuilder { owner, num_slots, files, .. } = self;
        let (values_file, offsets_file) = match files {
            None => (None, None),
            Some((values, offsets, _)) if values == offsets => {
                return Err(Error::Argument {
                    argument: "the file of the offsets".to_owned(),
                    value: offsets.display().to_string(),
                    advice: "the values are to lie there: give each a path of its own".to_owned(),
                });
            }
            Some((values, offsets, element)) => {
                (Some((values, element)), Some((offsets, ElementInFile::of_usize())))
            }
        };
        // Held until the files are: nobody else begins the job between the look at it and those.
        let job = if owner.has_files && values_file.is_some() { owner.claim_job()? } else { None };
        let has_begun = job.as_deref().map(resume::is_begun).transpose()?.unwrap_or(false);
        let num_offsets = num_slots.saturating_add(1);
        let offsets = array(num_offsets, None, owner.clone())?;
        // What can't be made there is told before anything is computed, and old values do not stay
        // beside new offsets. Those of a job that was begun are still needed.
        let no_values = array(0, values_file.clone().filter(|_| !has_begun), owner.clone())?;
        let in_file = |file| array(num_offsets, Some(file), owner.clone());
        let in_file = offsets_file.filter(|_| owner.has_files).map(in_file).transpose()?;
        let make = move |total, of| {
            let mut owner = owner.clone();
            if of == ValuesOf::ANewMap {
                owner.job_file = None;
            }
            array(total, values_file.clone(), owner)
        };
        Ok(RaggedArray::of_empty_slots(offsets, in_file, no_values, Box::new(make)))
    }
}

/// Allocates so many elements, in a file if one is given.
fn array<A: Element>(
    len: usize,
    file: Option<(PathBuf, ElementInFile)>,
    owner: Owner,
) -> Result<SharedArray<A, Ix1>> {
    let (dim, order, fill, workers) = (Ix1(len), Order::C, None, PhantomData::<ForAll>);
    build(AllocBuilder { owner, dim, order, fill, file, workers }, dim)
}
