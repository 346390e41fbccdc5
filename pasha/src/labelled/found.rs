//! Coordinates as files hold them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::coordinate::{Coordinate, Values};
use super::element::{Access, Block, Decoding, ElementType, Exact, Packing, StoredElement};
use super::labels::{Attribute, Labels};
use super::stored::OpenVariable;
use crate::error::SourceError;

/// The most bytes that a coordinate may have: more is a damaged file.
const MOST: usize = 1 << 30;

/// A one-dimensional variable of numbers.
pub(super) struct Numbers<'v> {
    pub(super) variable: &'v mut dyn OpenVariable,
    pub(super) len: usize,
    pub(super) element: ElementType,
    pub(super) packing: Packing,
    pub(super) access: Access,
}

impl Numbers<'_> {
    /// Reads it for a coordinate along `dim`, with times decoded; `None` if its numbers do not fit.
    pub(super) fn coordinate(
        self,
        dim: &str,
        attrs: BTreeMap<String, Attribute>,
    ) -> Result<Option<Coordinate>, SourceError> {
        let access = self.access;
        let values = match self.element {
            ElementType::Bool => None,
            ElementType::F16 | ElementType::F32 | ElementType::F64 => Some(self.floats()?),
            ElementType::U8 => self.integers::<u8>()?,
            ElementType::U16 => self.integers::<u16>()?,
            ElementType::U32 => self.integers::<u32>()?,
            ElementType::U64 => self.integers::<u64>()?,
            ElementType::I8 => self.integers::<i8>()?,
            ElementType::I16 => self.integers::<i16>()?,
            ElementType::I32 => self.integers::<i32>()?,
            ElementType::I64 => self.integers::<i64>()?,
        };
        Ok(values.map(|values| {
            let found = Coordinate { dim: dim.to_owned(), values, attrs, undecoded: None };
            if access == Access::Raw { found } else { found.decode_times() }
        }))
    }

    fn floats(self) -> Result<Values, SourceError> {
        let plain = self.packing == Packing::default();
        if self.element == ElementType::F32 && plain {
            return Ok(self.read::<f32>(&Packing::default())?.into());
        }
        let packing = self.packing.clone();
        if let (ElementType::F32, Ok(_)) =
            (self.element, Decoding::<f32>::new(self.element, &packing))
        {
            return Ok(self.read::<f32>(&packing)?.into());
        }
        Ok(self.read::<f64>(&packing)?.into())
    }

    /// Whole numbers, unless some are missing or scaled.
    fn integers<T: StoredElement + TryInto<i64>>(mut self) -> Result<Option<Values>, SourceError> {
        let Packing { fill_values, scale_factor, add_offset, .. } = self.packing.clone();
        if scale_factor.is_none() && add_offset.is_none() {
            let whole = self.read_again::<T>(&Packing::default())?;
            let fills: Vec<T> =
                fill_values.iter().filter_map(|&fill: &Exact| T::exactly(fill)).collect();
            if !whole.iter().any(|value| fills.contains(value)) {
                let whole: Option<Vec<i64>> =
                    whole.into_iter().map(|value| value.try_into().ok()).collect();
                return Ok(whole.map(Values::Integer));
            }
        }
        let packing = self.packing.clone();
        Ok(Some(self.read::<f64>(&packing)?.into()))
    }

    fn read<A: StoredElement>(mut self, packing: &Packing) -> Result<Vec<A>, SourceError> {
        self.read_again(packing)
    }

    fn read_again<A: StoredElement>(&mut self, packing: &Packing) -> Result<Vec<A>, SourceError> {
        if self.len.checked_mul(8).is_none_or(|bytes| bytes > MOST) {
            return Err(format!("it has {} values, too many for a coordinate", self.len).into());
        }
        let mut values = vec![A::zeroed(); self.len];
        if self.len > 0 {
            let block = Block { start: &[0], shape: &[self.len] };
            Decoding::<A>::new(self.element, packing)?.read(
                &mut values,
                &mut Vec::new(),
                block,
                |bytes| self.variable.read(&[0], &[self.len], bytes),
            )?;
        }
        Ok(values)
    }
}

/// Attributes that say how a variable is stored, and are none of its own.
pub(super) const STORAGE: [&str; 6] =
    ["_FillValue", "missing_value", "scale_factor", "add_offset", "coordinates", "_Unsigned"];

/// Adds a coordinate that a file has, or says what is wrong with it.
pub(super) fn add(
    labels: &mut Labels,
    name: &str,
    coordinate: Coordinate,
    shape: &[usize],
) -> Result<(), String> {
    labels.add_coord(name.to_owned(), coordinate, shape).map_err(|error| error.to_string())
}

/// Calls into a library, which may panic where a damaged file has it get an unexpected answer.
pub(super) fn guarded<T>(
    library: &str,
    call: impl FnOnce() -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or(payload.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(format!("the {library} library met something unexpected ({message}): it is damaged")
            .into())
    })
}
