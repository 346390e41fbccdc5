//! Types in words: as Rust names them, and how to read them.

use std::fmt;

use super::stored_type::{CompoundMember, Nature, StoredType};
use crate::hdf5::number::Number;

impl fmt::Display for StoredType {
    /// As Rust names it, as far as it does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_complex = matches!(self.number, Number::ComplexF32 | Number::ComplexF64);
        let name = match &self.nature {
            Nature::Compound(members) if !is_complex => {
                format!("records {}", listed(members, self.number.size()))
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

/// The members with their types and places, as text.
pub(in crate::hdf5) fn listed(members: &[CompoundMember], size: usize) -> String {
    let listed: Vec<String> = members
        .iter()
        .map(|CompoundMember { name, offset, stored, .. }| match stored {
            Ok(stored) => format!("{name}: {} at byte {offset}", field(stored)),
            Err(what) => format!("{name} at byte {offset} ({what})"),
        })
        .collect();
    format!("{{ {} }} of {size} bytes", listed.join(", "))
}

/// The members that can be read with their types, as the fields of a struct.
pub(super) fn fields(members: &[CompoundMember]) -> String {
    let readable = members.iter().filter_map(|member| Some((member, member.stored.as_ref().ok()?)));
    let fields: Vec<String> = readable
        .map(|(member, stored)| {
            let name = member.name.as_str();
            let is_plain_name = !name.is_empty()
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
                && !name.starts_with(|letter: char| letter.is_ascii_digit());
            match is_plain_name {
                true => format!("{name}: {}", field(stored)),
                false => format!("{}: {} = {name:?}", as_field_name(name), field(stored)),
            }
        })
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A name that a field may have.
fn as_field_name(name: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_lowercase(),
        false => '_',
    };
    let name: String = name.chars().map(letter).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name
    } else {
        format!("m_{name}")
    }
}

/// The type of a field for a member; bools are bytes there.
fn field(stored: &StoredType) -> String {
    let name = match stored.number {
        Number::Bool => "u8",
        number => number.name(),
    };
    stored.array.iter().rev().fold(name.to_owned(), |of, len| format!("[{of}; {len}]"))
}

/// Says how to read a compound.
pub(in crate::hdf5) fn advice(members: &[CompoundMember]) -> String {
    if members.iter().all(|member| member.stored.is_err()) {
        return "none of its members can be read".to_owned();
    }
    // Where the compiler would put the fields.
    let (mut end, mut sum, mut largest) = (0_usize, 0, 1);
    for stored in members.iter().filter_map(|member| member.stored.as_ref().ok()) {
        let align = match stored.number {
            Number::ComplexF32 => 4,
            Number::ComplexF64 => 8,
            number => number.size(),
        };
        end = end.next_multiple_of(align) + stored.element_size();
        sum += stored.element_size();
        largest = largest.max(align);
    }
    let is_without_padding = end == sum && end.is_multiple_of(largest);
    let layout = if is_without_padding { "#[repr(C)]" } else { "#[repr(C, packed)]" };
    let fields = fields(members);
    format!(
        "read them as a struct of yours with `{layout}` and `#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]` \
         that has these fields or some of them, and the line `pasha::hdf5_record!(Record {fields});`"
    )
}
