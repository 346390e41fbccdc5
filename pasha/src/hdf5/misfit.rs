//! Stored values that don't fit into the elements that were asked for, and what is said of them.

use super::number::Number;

/// A stored value that the element type can't hold.
#[derive(Debug)]
pub struct Misfit {
    /// Which of the values that were converted together.
    pub(super) at: usize,
    /// The value, as text.
    pub(super) value: String,
    /// The member of a record that it was for: its name, its type in the record, and that in the
    /// file.
    pub(super) member: Option<(&'static str, &'static str, &'static str)>,
}

impl Misfit {
    /// Says that the value does not fit into the elements of this name, and what to do; `what` is
    /// the kind of the value, and `place` says where it is.
    pub(super) fn tell(&self, what: &str, place: &str, element: &str, stored: Number) -> String {
        let value = &self.value;
        match self.member {
            Some((name, of_record, stored)) => format!(
                "the {what} {value} of the member {name:?}{place} does not fit into {of_record}; declare it as {stored}"
            ),
            None if element == "bool" => format!(
                "the {what} {value}{place} is no bool, which is 0 or 1; open it with elements u8"
            ),
            None => format!(
                "the {what} {value}{place} does not fit into {element}; open it with elements {}",
                stored.name()
            ),
        }
    }
}
