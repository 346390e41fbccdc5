//! What elements are in the file, and as what they are read: plain data.

use crate::hdf5::misfit::Misfit;
use crate::hdf5::number::Number;

/// The type of a data set's elements.
#[derive(Debug, Clone)]
pub struct StoredType {
    /// What its bytes are, or are converted to by libhdf5.
    pub(in crate::hdf5) number: Number,
    /// Whether its bytes lie in the other order than this machine's.
    pub(in crate::hdf5) is_swapped: bool,
    /// Whether the bytes in the file are just these, so that pasha can read them itself.
    pub(in crate::hdf5) is_plain: bool,
    /// The lengths of the axes that the elements themselves have, if they are arrays: they follow
    /// those of the data set.
    pub(in crate::hdf5) array: Vec<usize>,
    /// What it is besides a number.
    pub(in crate::hdf5) nature: Nature,
    /// How the members of a compound become those of a record that was asked for, if one was.
    pub(in crate::hdf5) record: Option<ConversionPlan>,
}

/// What a stored type is besides the number that it is read as.
#[derive(Debug, Clone)]
pub(in crate::hdf5) enum Nature {
    Number,
    /// Bits, of which libraries also make bools.
    BitField,
    /// Numbers with names, as `NAME = number`.
    Enumeration(String),
    /// Members with names, each at its place.
    Compound(Vec<CompoundMember>),
}

impl StoredType {
    /// A number whose bytes lie in the file.
    pub(in crate::hdf5) fn plain(number: Number, is_swapped: bool) -> StoredType {
        let (array, nature) = (Vec::new(), Nature::Number);
        StoredType { number, is_swapped, is_plain: true, array, nature, record: None }
    }

    /// A number that libhdf5 makes of other bytes in the file.
    pub(in crate::hdf5) fn converted(number: Number) -> StoredType {
        StoredType { is_plain: false, ..StoredType::plain(number, false) }
    }

    /// Bytes of one element of the data set: of all numbers of an array.
    pub(in crate::hdf5) fn element_size(&self) -> usize {
        self.array.iter().product::<usize>() * self.number.size()
    }
}

/// A member of a compound, or of a compound that is a member of it.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct CompoundMember {
    /// Its name, with dots between those of compounds in compounds.
    pub(in crate::hdf5) name: String,
    /// Its first byte in the element.
    pub(in crate::hdf5) offset: usize,
    /// Whether it has the same bytes in the file and in memory, which what is of varying length has
    /// not.
    pub(super) is_fixed: bool,
    /// What it is; or what it holds, as a sentence, if that can't be read.
    pub(in crate::hdf5) stored: Result<StoredType, String>,
}

/// How a compound of the file becomes a record.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct ConversionPlan {
    pub(in crate::hdf5) steps: Vec<MemberCopy>,
    /// Whether the members are all bytes of an element, each where it lies in the file as it is.
    pub(in crate::hdf5) is_as_stored: bool,
}

/// How one member of a record is read.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct MemberCopy {
    pub(in crate::hdf5) name: &'static str,
    /// Its first byte in the element of the file.
    pub(in crate::hdf5) from: usize,
    /// What it is there.
    pub(in crate::hdf5) stored: StoredType,
    /// Its first byte in the record.
    pub(in crate::hdf5) to: usize,
    /// Bytes in the record.
    pub(in crate::hdf5) size: usize,
    /// The type of its numbers in the record.
    pub(in crate::hdf5) number: Number,
    pub(in crate::hdf5) convert: Convert,
}

/// Converts the numbers of one member of one element.
pub(in crate::hdf5) type Convert = fn(&StoredType, &[u8], &mut [u8]) -> Result<(), Misfit>;
