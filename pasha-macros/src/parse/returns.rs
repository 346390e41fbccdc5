//! The return type: what the function gives for each index, and whether it can fail.

use syn::{ReturnType, Type};

use crate::model::{Returns, Value, Values};
use crate::types;

pub(super) fn parse(output: &ReturnType) -> Returns {
    let ReturnType::Type(_, ty) = output else {
        return Returns { fallible: false, values: Values::Nothing, original: None };
    };
    let original = Some((**ty).clone());
    match types::last_segment(ty).filter(|segment| segment.ident == "Result") {
        Some(result) => {
            // `fmt::Result` and the like hide their `()`.
            let ok = types::type_arguments(result).first().copied();
            Returns { fallible: true, values: ok.map_or(Values::Nothing, values), original }
        }
        None => Returns { fallible: false, values: values(ty), original },
    }
}

fn values(ty: &Type) -> Values {
    match types::plain(ty) {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Values::Nothing,
        Type::Tuple(tuple) => Values::Tuple(tuple.elems.iter().map(value).collect()),
        ty => Values::One(value(ty)),
    }
}

fn value(ty: &Type) -> Value {
    let original = types::plain(ty).clone();
    let row = match &original {
        Type::Array(array) => Some(((*array.elem).clone(), array.len.clone())),
        _ => None,
    };
    Value { original, row }
}
