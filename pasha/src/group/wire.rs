//! Messages as bytes: numbers of eight bytes, and bytes behind their number.
//!
//! The ranks of a group run one program on machines of one kind, which they check when they meet.

/// Adds numbers and texts to a message.
pub(crate) trait Put {
    /// Adds a number.
    fn put(&mut self, number: usize);

    /// Adds bytes.
    fn put_bytes(&mut self, bytes: &[u8]);

    /// Adds a number that may be missing.
    fn put_option(&mut self, number: Option<usize>) {
        self.put(usize::from(number.is_some()));
        self.put(number.unwrap_or(0));
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, number: usize) {
        self.extend_from_slice(&(number as u64).to_le_bytes());
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put(bytes.len());
        self.extend_from_slice(bytes);
    }
}

/// Takes numbers and texts from a message; `None` where it is too short.
pub(crate) trait Take<'m> {
    /// Takes a number.
    fn take(&mut self) -> Option<usize>;

    /// Takes this many bytes.
    fn take_exactly(&mut self, len: usize) -> Option<&'m [u8]>;

    /// Takes bytes behind their number.
    fn take_bytes(&mut self) -> Option<&'m [u8]> {
        let len = self.take()?;
        self.take_exactly(len)
    }

    /// Takes a text.
    fn take_text(&mut self) -> Option<String> {
        self.take_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Takes a number that may be missing.
    fn take_option(&mut self) -> Option<Option<usize>> {
        let is_there = self.take()? != 0;
        let number = self.take()?;
        Some(is_there.then_some(number))
    }
}

impl<'m> Take<'m> for &'m [u8] {
    fn take(&mut self) -> Option<usize> {
        let (number, rest) = self.split_first_chunk()?;
        *self = rest;
        usize::try_from(u64::from_le_bytes(*number)).ok()
    }

    fn take_exactly(&mut self, len: usize) -> Option<&'m [u8]> {
        let (bytes, rest) = self.split_at_checked(len)?;
        *self = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken_in_the_same_order() {
        let mut message = Vec::new();
        message.put(7);
        message.put_bytes("ä".as_bytes());
        message.put_option(None);
        message.put_option(Some(9));
        let mut rest = message.as_slice();
        assert_eq!((rest.take(), rest.take_text()), (Some(7), Some("ä".to_owned())));
        assert_eq!((rest.take_option(), rest.take_option()), (Some(None), Some(Some(9))));
        assert_eq!((rest, rest.take()), ([].as_slice(), None));
        let mut cut = &message[..message.len() - 1];
        assert_eq!(cut.take(), Some(7));
        cut = &cut[..9];
        assert_eq!(cut.take_bytes(), None);
    }
}
