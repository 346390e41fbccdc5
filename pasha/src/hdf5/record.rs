//! Compounds of a file as structs of the user's.
//!
//! A struct says which members it has, and where (`Hdf5Record`); when a data set is opened, each is
//! looked up among those of the file by its name. Where both lie the same, elements are read as
//! they lie, and else member by member.

use std::fmt;

use bytemuck::Pod;
use half::f16;
use num_complex::Complex;

use super::element::{Hdf5Element, sealed};
use super::misfit::Misfit;
use super::number::Number;
use super::types::{self, ConversionPlan, Convert, MemberCopy, Nature, StoredType};

/// A struct whose fields are members of a compound in a file.
///
/// It is a `#[repr(C)]` or `#[repr(C, packed)]` struct of yours that derives bytemuck's `Pod` and
/// `Zeroable`; [`hdf5_record!`](crate::hdf5_record) implements the trait. A data set can then be
/// opened with it as its element type: members are found by their names, in any order and at any
/// place, and converted as numbers are; the file may have more of them. Where all lie as in the
/// struct, elements are read, or mapped, as they are. Bytes of the struct that belong to no member
/// are 0.
///
/// # Examples
/// ```
/// use bytemuck::{Pod, Zeroable};
/// use ndarray::{Array1, Ix1};
/// use pasha::Hdf5Dataset;
///
/// /// A hit of a delay-line detector.
/// #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
/// #[repr(C)]
/// struct Hit { x: f32, y: f32, time: f64 }
/// pasha::hdf5_record!(Hit { x: f32, y: f32, time: f64 = "t" });
///
/// # #[derive(Clone, Copy, hdf5_metno::H5Type)]
/// # #[repr(C)]
/// # struct Stored { t: f64, x: f32, y: f32, m: i64 }
/// # let path = std::env::temp_dir().join(format!("pasha-record-doc-{}.h5", std::process::id()));
/// # let file = hdf5_metno::File::create(&path)?;
/// # let hits = Array1::from_shape_fn(3, |hit| Stored { t: hit as f64, x: 0.5, y: 1.5, m: 7 });
/// # file.new_dataset_builder().with_data(&hits).create("hits")?;
/// # file.close()?;
/// let hits = Hdf5Dataset::<Hit, Ix1>::open(&path, "hits")?;
/// let times = pasha::map(&hits, |_, _, hit: &Hit| hit.time)?;
/// assert_eq!(times, ndarray::array![0.0, 1.0, 2.0]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no members that are known by name",
    label = "not a record",
    note = "write `pasha::hdf5_record!({Self} {{ field: type, … }});` below the struct"
)]
pub trait Hdf5Record: Pod + Send + Sync {
    /// The struct's name, for messages.
    const NAME: &'static str;

    /// The members, in any order.
    const MEMBERS: &'static [Hdf5Member];
}

/// A member of an [`Hdf5Record`].
#[derive(Clone, Copy)]
pub struct Hdf5Member {
    name: &'static str,
    offset: usize,
    size: usize,
    lengths: [usize; MOST_AXES],
    /// The type of the numbers in the struct.
    number: Number,
    read_from: fn(StoredType) -> Result<StoredType, String>,
    convert: Convert,
}

/// The most axes of an array that is a member.
const MOST_AXES: usize = 4;

impl Hdf5Member {
    /// The member of this name in the file, which is a `T` from byte `offset` of the struct on.
    pub const fn new<T: Hdf5Field>(name: &'static str, offset: usize) -> Hdf5Member {
        Hdf5Member {
            name,
            offset,
            size: size_of::<T>(),
            lengths: T::LENGTHS,
            number: <T::Number as sealed::InFile>::NUMBER,
            read_from: <T::Number as sealed::InFile>::read_from,
            convert: convert::<T::Number>,
        }
    }

    /// The lengths of the member's own axes.
    fn lengths(&self) -> &[usize] {
        let rank = self.lengths.iter().position(|&len| len == usize::MAX).unwrap_or(MOST_AXES);
        &self.lengths[..rank]
    }

    /// How it is read from that of the same name in the file.
    fn step(
        &self,
        members: &[types::CompoundMember],
        struct_size: usize,
    ) -> Result<MemberCopy, String> {
        let name = self.name;
        let found = members.iter().find(|member| member.name == name);
        let found = found.ok_or_else(|| format!("the file has no member {name:?}"))?;
        let stored =
            found.stored.clone().map_err(|what| format!("of the member {name:?}: {what}"))?;
        if stored.array != self.lengths() {
            return Err(format!(
                "the member {name:?} has the shape {:?} in the file, and {:?} in the struct",
                stored.array,
                self.lengths()
            ));
        }
        if self.offset.checked_add(self.size).is_none_or(|end| end > struct_size) {
            return Err(format!("the member {name:?} does not lie within the struct"));
        }
        let in_file = stored.to_string();
        let stored = (self.read_from)(stored).map_err(|_| {
            format!(
                "the member {name:?} is {in_file} in the file, which is not converted to {}",
                self.number.name()
            )
        })?;
        let Hdf5Member { name, offset: to, size, number, convert, .. } = *self;
        Ok(MemberCopy { name, from: found.offset, stored, to, size, number, convert })
    }
}

impl fmt::Debug for Hdf5Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} {:?} at byte {}",
            self.name,
            self.number.name(),
            self.lengths(),
            self.offset
        )
    }
}

/// A type that a field of an [`Hdf5Record`] may have: a number as in [`Hdf5Element`], but for
/// `bool`, which is read as `u8`; or an array of these, `[T; N]`, `[[T; N]; M]`, …
///
/// # Examples
/// ```no_run
/// use bytemuck::{Pod, Zeroable};
///
/// /// A hit on the detector: numbers and arrays of numbers.
/// #[derive(Clone, Copy, Pod, Zeroable)]
/// #[repr(C)]
/// struct Hit { position: [f32; 2], time: f64 }
/// pasha::hdf5_record!(Hit { position: [f32; 2], time: f64 });
///
/// let hits = pasha::Hdf5Dataset::<Hit, ndarray::Ix1>::open("run.h5", "hits")?.load()?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a member of a compound can't be read as `{Self}`",
    label = "not a type of stored numbers",
    note = "use `i8` to `i64`, `u8` to `u64` (also for bools), `f16`, `f32`, `f64`, `Complex<f32>`, `Complex<f64>`, or arrays of these"
)]
pub trait Hdf5Field: Pod + field::Shaped {
    /// What the field holds.
    type Number: Hdf5Element + Pod;
}

mod field {
    use super::MOST_AXES;

    /// What a field has of axes.
    pub trait Shaped {
        /// The lengths of its axes, and `usize::MAX` behind the last.
        const LENGTHS: [usize; MOST_AXES];
    }
}

macro_rules! fields {
    ($($t:ty)+) => {$(
        impl field::Shaped for $t {
            const LENGTHS: [usize; MOST_AXES] = [usize::MAX; MOST_AXES];
        }

        impl Hdf5Field for $t {
            type Number = $t;
        }
    )+};
}
fields!(i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 Complex<f32> Complex<f64>);

impl<T: field::Shaped, const N: usize> field::Shaped for [T; N] {
    const LENGTHS: [usize; MOST_AXES] = {
        let inner = T::LENGTHS;
        assert!(inner[MOST_AXES - 1] == usize::MAX, "a member of a compound may have 4 axes");
        [N, inner[0], inner[1], inner[2]]
    };
}

impl<T: Hdf5Field, const N: usize> Hdf5Field for [T; N]
where
    [T; N]: Pod,
{
    type Number = T::Number;
}

/// Says which members a struct has, so that compounds of a file can be read as it: implements
/// [`Hdf5Record`](crate::Hdf5Record).
///
/// `hdf5_record!(Name { field: type, other: type = "name in the file" })`. Members of compounds in
/// compounds have names with dots: `x: f64 = "position.x"`. That fields have these types is checked
/// by the compiler.
///
/// # Examples
/// Hits of a detector, stored as compounds `{t: f8, position: {x: f8, y: f8}, …}`:
/// ```no_run
/// use bytemuck::{Pod, Zeroable};
/// use ndarray::Ix1;
/// use pasha::Hdf5Dataset;
///
/// #[derive(Clone, Copy, Pod, Zeroable)]
/// #[repr(C)]
/// struct Hit { time: f64, x: f64 }
///
/// pasha::hdf5_record!(Hit { time: f64 = "t", x: f64 = "position.x" });
///
/// #[pasha::kernel]
/// fn arrival(hit: &Hit, #[shared] speed: f64) -> f64 {
///     hit.time - hit.x / speed
/// }
///
/// let hits = Hdf5Dataset::<Hit, Ix1>::open("hits.h5", "entry/hits")?;
/// let arrivals = arrival::run_parallel(&hits, 0.3)?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[macro_export]
macro_rules! hdf5_record {
    ($record:ident { $($field:ident : $type:ty $(= $name:literal)?),* $(,)? }) => {
        impl $crate::Hdf5Record for $record {
            const NAME: &'static str = ::core::stringify!($record);

            const MEMBERS: &'static [$crate::Hdf5Member] = {
                $(let _: fn($record) -> $type = |record| record.$field;)*
                &[$($crate::Hdf5Member::new::<$type>(
                    $crate::hdf5_record!(@name $field $($name)?),
                    ::core::mem::offset_of!($record, $field),
                )),*]
            };
        }
    };
    (@name $field:ident $name:literal) => {
        $name
    };
    (@name $field:ident) => {
        ::core::stringify!($field)
    };
}

impl ConversionPlan {
    /// The plan of these steps for elements of so many bytes in the file.
    fn new(steps: Vec<MemberCopy>, size: usize) -> ConversionPlan {
        let is_same = |step: &MemberCopy| {
            let StoredType { number, is_swapped, .. } = step.stored;
            number == step.number && !is_swapped && step.from == step.to
        };
        let mut places: Vec<(usize, usize)> =
            steps.iter().map(|step| (step.from, step.size)).collect();
        places.sort_unstable();
        let end =
            places.iter().try_fold(0, |end, &(from, size)| (from == end).then_some(end + size));
        let is_as_stored = steps.iter().all(is_same) && end == Some(size);
        ConversionPlan { steps, is_as_stored }
    }
}

impl MemberCopy {
    /// Reads the member of each element.
    fn convert(
        &self,
        size: usize,
        bytes: &[u8],
        out: &mut [u8],
        out_size: usize,
    ) -> Result<(), Misfit> {
        let (from, to) = (self.from, self.to);
        let stored_size = self.stored.element_size();
        let elements = bytes.chunks_exact(size).zip(out.chunks_exact_mut(out_size));
        for (at, (bytes, out)) in elements.enumerate() {
            let (bytes, out) = (&bytes[from..][..stored_size], &mut out[to..][..self.size]);
            (self.convert)(&self.stored, bytes, out).map_err(|misfit| Misfit {
                at,
                member: Some((self.name, self.number.name(), self.stored.number.name())),
                ..misfit
            })?;
        }
        Ok(())
    }
}

/// Converts the numbers of one member of one element, of which there are as many on both sides.
fn convert<A: Hdf5Element + Pod>(
    stored: &StoredType,
    bytes: &[u8],
    out: &mut [u8],
) -> Result<(), Misfit> {
    if stored.is_native::<A>() && bytes.len() == out.len() {
        out.copy_from_slice(bytes);
        return Ok(());
    }
    let numbers =
        bytes.chunks_exact(stored.number.size()).zip(out.chunks_exact_mut(size_of::<A>()));
    for (bytes, out) in numbers {
        let mut number = [A::zeroed()];
        A::decode(stored, bytes, &mut number)?;
        out.copy_from_slice(bytemuck::bytes_of(&number[0]));
    }
    Ok(())
}

impl<A: Hdf5Record> Hdf5Element for A {}

impl<A: Hdf5Record> sealed::InFile for A {
    const NUMBER: Number = Number::Compound(size_of::<A>());

    fn name() -> &'static str {
        A::NAME
    }

    fn read_from(stored: StoredType) -> Result<StoredType, String> {
        let Nature::Compound(members) = &stored.nature else {
            return Err(stored.refuse::<A>());
        };
        // What a complex number is besides is a compound.
        let size = stored.number.size();
        let steps: Result<Vec<MemberCopy>, String> = match A::MEMBERS {
            [] => Err("it names no members".to_owned()),
            of_record => {
                of_record.iter().map(|member| member.step(members, size_of::<A>())).collect()
            }
        };
        let steps = steps.map_err(|reason| {
            format!(
                "its elements can't be read as the struct {}: {reason}; in the file they are {}; {}",
                A::NAME,
                types::listed(members, size),
                types::advice(members)
            )
        })?;
        let record = Some(ConversionPlan::new(steps, size));
        Ok(StoredType { number: Number::Compound(size), is_swapped: false, record, ..stored })
    }

    fn decode(stored: &StoredType, bytes: &[u8], out: &mut [Self]) -> Result<(), Misfit> {
        let out: &mut [u8] = bytemuck::cast_slice_mut(out);
        if stored.is_native::<A>()
            && let Some(bytes) = bytes.get(..out.len())
        {
            out.copy_from_slice(bytes);
            return Ok(());
        }
        let mut steps = stored.record.iter().flat_map(|plan| &plan.steps);
        steps.try_for_each(|step| step.convert(stored.number.size(), bytes, out, size_of::<A>()))
    }

    fn view(bytes: &[u8]) -> Option<&[Self]> {
        bytemuck::try_cast_slice(bytes).ok()
    }

    fn bytes_mut(elements: &mut [Self]) -> Option<&mut [u8]> {
        Some(bytemuck::cast_slice_mut(elements))
    }
}
