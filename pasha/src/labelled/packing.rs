//! What attributes say about the stored numbers: which are missing, and how others are scaled.
//!
//! The attributes are those of the CF conventions (`_FillValue`, `missing_value`, `scale_factor`,
//! `add_offset`) and of the NetCDF Users' Guide (`_Unsigned`), understood as xarray does.

use std::fmt;

use super::attribute::Attribute;
use super::element::{ElementType, Exact};

/// How the stored numbers stand for values: missing ones have one of the fill values, others are
/// multiplied and added to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packing {
    pub(super) fill_values: Vec<Exact>,
    /// A fill value that means what is missing only where integers become floats: the 0 that
    /// zarr-python gives arrays of format 2 when nobody asks for a fill value.
    pub(super) default_fill: Option<Exact>,
    pub(super) scale_factor: Option<Factor>,
    pub(super) add_offset: Option<Factor>,
    /// Whether the elements are those of another sign in the file.
    pub(super) is_of_other_sign: bool,
}

/// A number to scale with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factor {
    pub(super) value: f64,
    /// Its type in the file, where it is a float.
    pub(super) float: Option<ElementType>,
}

/// An attribute, and its type where it is a float or several.
pub(super) type Typed = (Attribute, Option<ElementType>);

impl Packing {
    /// Understands the attributes of a variable whose elements are stored as `stored`, and says
    /// which elements those stand for: integers of the other sign, if `_Unsigned` says so.
    pub(super) fn new(
        stored: ElementType,
        attribute: impl Fn(&str) -> Option<Typed>,
    ) -> Result<(ElementType, Packing), String> {
        let factor = |name: &str| -> Result<Option<Factor>, String> {
            let Some((value, float)) = attribute(name) else { return Ok(None) };
            match numbers(&value)[..] {
                [value] => Ok(Some(Factor { value: value.to_f64(), float })),
                _ => Err(format!("its attribute {name} is not one number, but {value:?}")),
            }
        };
        let fills = |name: &str| attribute(name).map_or(Vec::new(), |(value, _)| numbers(&value));
        let is_unsigned = attribute("_Unsigned").and_then(|(value, _)| match value.as_text()? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        let element = is_unsigned.map_or(stored, |is_unsigned| stored.with_sign(!is_unsigned));
        let is_of_other_sign = element != stored;
        // The fill value is in the file as the elements are there; so does xarray understand it,
        // and takes `missing_value` as it is.
        let turned = |fill: Exact| match fill {
            Exact::Integer(fill) if is_of_other_sign => Exact::Integer(element.wrap(fill)),
            other => other,
        };
        let mut fill_values: Vec<Exact> = fills("_FillValue").into_iter().map(turned).collect();
        fill_values.extend(fills("missing_value"));
        let scale_factor = factor("scale_factor")?;
        let add_offset = factor("add_offset")?;
        let default_fill = None;
        Ok((
            element,
            Packing { fill_values, default_fill, scale_factor, add_offset, is_of_other_sign },
        ))
    }

    /// Whether values are others than the stored numbers.
    pub(super) fn is_scaled(&self) -> bool {
        self.scale_factor.is_some() || self.add_offset.is_some()
    }

    /// Whether some stored numbers mean that there is no value. NaN means it without being looked
    /// for.
    pub(super) fn is_masked(&self) -> bool {
        self.fill_values.iter().any(|fill| !matches!(fill, Exact::Float(fill) if fill.is_nan()))
    }

    /// The type in which xarray scales elements (`_choose_float_dtype` of its sources).
    pub(super) fn scaled_type(&self, element: ElementType) -> ElementType {
        if element == ElementType::F16 {
            return ElementType::F32;
        }
        if element.is_float() && !self.fill_values.is_empty() && !self.is_masked() {
            return element;
        }
        let float = |factor: Option<Factor>| factor.and_then(|factor| factor.float);
        match (self.scale_factor, self.add_offset) {
            (Some(_), None) if float(self.scale_factor) == Some(ElementType::F32) => {
                ElementType::F32
            }
            (Some(_), Some(_))
                if float(self.scale_factor) == Some(ElementType::F32)
                    && float(self.add_offset) == Some(ElementType::F32)
                    && (element.is_float() || element.size() != 4) =>
            {
                ElementType::F32
            }
            _ => ElementType::F64,
        }
    }
}

/// The numbers of an attribute; none of text, which xarray takes for no fill value either.
fn numbers(attribute: &Attribute) -> Vec<Exact> {
    match attribute {
        Attribute::Integer(value) => vec![Exact::Integer((*value).into())],
        Attribute::Unsigned(value) => vec![Exact::Integer((*value).into())],
        Attribute::Float(value) => vec![Exact::Float(*value)],
        Attribute::Integers(values) => {
            values.iter().map(|&value| Exact::Integer(value.into())).collect()
        }
        Attribute::Unsigneds(values) => {
            values.iter().map(|&value| Exact::Integer(value.into())).collect()
        }
        Attribute::Floats(values) => values.iter().copied().map(Exact::Float).collect(),
        Attribute::Text(_) | Attribute::Texts(_) => Vec::new(),
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fills = self.fill_values.iter().map(|fill| format!("a fill value of {fill}"));
        let scale = self.scale_factor.iter();
        let scale = scale.map(|scale| format!("a scale_factor of {}", scale.value));
        let offset = self.add_offset.iter();
        let offset = offset.map(|offset| format!("an add_offset of {}", offset.value));
        let all: Vec<String> = fills.chain(scale).chain(offset).collect();
        f.write_str(&all.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stored: ElementType, attributes: &[(&str, Attribute)]) -> (ElementType, Packing) {
        let find = |name: &str| attributes.iter().find(|(other, _)| *other == name);
        Packing::new(stored, |name| Some((find(name)?.1.clone(), None))).unwrap()
    }

    #[test]
    fn lists_and_large_fill_values_are_exact() {
        let values = vec![u64::MAX, 3];
        let (_, packing) = of(ElementType::U64, &[("missing_value", values.into())]);
        assert_eq!(packing.fill_values, [Exact::Integer(u64::MAX.into()), Exact::Integer(3)]);
        assert!(packing.is_masked() && !packing.is_scaled());
        let (_, packing) = of(ElementType::F32, &[("missing_value", "-999".into())]);
        assert_eq!(packing, Packing::default());
    }

    #[test]
    fn integers_of_the_other_sign_have_its_fill_value() {
        let attributes = [("_Unsigned", "true".into()), ("_FillValue", (-1).into())];
        let (element, packing) = of(ElementType::I16, &attributes);
        assert_eq!(element, ElementType::U16);
        assert_eq!(packing.fill_values, [Exact::Integer(65_535)]);
        let attributes = [("_Unsigned", "false".into()), ("_FillValue", 255.into())];
        let (element, packing) = of(ElementType::U8, &attributes);
        assert_eq!(element, ElementType::I8);
        assert_eq!(packing.fill_values, [Exact::Integer(-1)]);
        assert!(!of(ElementType::I8, &[("_Unsigned", "false".into())]).1.is_of_other_sign);
        assert!(!of(ElementType::F32, &[("_Unsigned", "true".into())]).1.is_of_other_sign);
    }
}
