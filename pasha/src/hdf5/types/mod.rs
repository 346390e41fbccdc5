//! What the elements of a data set are in the file, and as what they are read.

mod compound;
mod describe;
mod numbers;
mod refused;

use std::fmt;

use hdf5_metno::{Dataset, Datatype};

use super::element::Hdf5Element;
use super::number::Number;
use super::record::Plan;
pub(super) use compound::{Member, advice, listed};
pub(crate) use describe::describe;

/// The type of a data set's elements.
#[derive(Debug, Clone)]
pub struct StoredType {
    /// What its bytes are, or are converted to by libhdf5.
    pub(super) number: Number,
    /// Whether its bytes lie in the other order than this machine's.
    pub(super) is_swapped: bool,
    /// Whether the bytes in the file are just these, so that pasha can read them itself.
    pub(super) is_plain: bool,
    /// The lengths of the axes that the elements themselves have, if they are arrays: they follow
    /// those of the data set.
    pub(super) array: Vec<usize>,
    /// What it is besides a number.
    pub(super) nature: Nature,
    /// How the members of a compound become those of a record that was asked for, if one was.
    pub(super) record: Option<Plan>,
}

/// What a stored type is besides the number that it is read as.
#[derive(Debug, Clone)]
pub(super) enum Nature {
    Number,
    /// Bits, of which libraries also make bools.
    BitField,
    /// Numbers with names, as `NAME = number`.
    Enumeration(String),
    /// Members with names, each at its place.
    Compound(Vec<Member>),
}

impl StoredType {
    /// A number whose bytes lie in the file.
    pub(super) fn plain(number: Number, is_swapped: bool) -> StoredType {
        let (array, nature) = (Vec::new(), Nature::Number);
        StoredType { number, is_swapped, is_plain: true, array, nature, record: None }
    }

    /// A number that libhdf5 makes of other bytes in the file.
    pub(super) fn converted(number: Number) -> StoredType {
        StoredType { is_plain: false, ..StoredType::plain(number, false) }
    }

    /// Describes the type of a data set.
    ///
    /// # Errors
    /// What it holds and what to do, as a sentence, if that can't be read.
    pub(super) fn of(dataset: &Dataset) -> Result<StoredType, String> {
        let datatype = dataset
            .dtype()
            .map_err(|error| format!("it holds elements of a type that can't be read ({error})"))?;
        describe::element(&datatype)
    }

    /// The type as it is read as elements `A`.
    ///
    /// # Errors
    /// If it can't be converted to `A`, and what to open it as.
    pub(super) fn read_as<A: Hdf5Element>(self) -> Result<StoredType, String> {
        A::read_from(self)
    }

    /// Whether the bytes in the file are those of elements `A` in memory.
    pub(super) fn is_native<A: Hdf5Element>(&self) -> bool {
        self.number == A::NUMBER
            && !self.is_swapped
            && self.record.as_ref().is_none_or(|plan| plan.is_as_stored)
    }

    /// The type of libhdf5 that its bytes have in memory.
    pub(super) fn memory_type(&self, dataset: &Dataset) -> hdf5_metno::Result<Datatype> {
        let datatype = dataset.dtype()?;
        match &self.nature {
            Nature::Compound(members) if !self.is_plain => compound::readable(&datatype, members),
            Nature::BitField if !self.is_plain => numbers::native_bits(self.number),
            _ if !self.is_plain => {
                numbers::native(self.number).ok_or_else(|| "there is no such type".into())
            }
            _ => Ok(datatype),
        }
    }

    /// Bytes of one element of the data set: of all numbers of an array.
    pub(super) fn element_size(&self) -> usize {
        self.array.iter().product::<usize>() * self.number.size()
    }

    /// Says that it is not converted to the elements that were asked for.
    pub(super) fn refuse<A: Hdf5Element>(&self) -> String {
        let way_out = match &self.nature {
            Nature::Compound(members)
                if !matches!(self.number, Number::ComplexF32 | Number::ComplexF64) =>
            {
                compound::advice(members)
            }
            _ => format!("open it with elements {}", self.number.name()),
        };
        format!("its elements are {self}, which are not converted to {}; {way_out}", A::name())
    }
}

impl fmt::Display for StoredType {
    /// As Rust names it, as far as it does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_complex = matches!(self.number, Number::ComplexF32 | Number::ComplexF64);
        let name = match &self.nature {
            Nature::Compound(members) if !is_complex => {
                format!("records {}", compound::listed(members, self.number.size()))
            }
            Nature::Enumeration(names) if self.number != Number::Bool => {
                format!("{} with the names {names}", self.number.name())
            }
            Nature::BitField => format!("{} (a bit field)", self.number.name()),
            _ => self.number.name().to_owned(),
        };
        f.write_str(&name)
    }
}
