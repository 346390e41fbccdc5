//! Reading the headers of compressed chunks, which may end anywhere.

/// Takes bytes from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderBytes<'a>(&'a [u8]);

impl<'a> HeaderBytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> HeaderBytes<'a> {
        HeaderBytes(bytes)
    }

    /// What is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// If there are not so many.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(|| {
            format!(
                "the chunk ends {} bytes before it should: it is truncated or damaged",
                len - self.0.len()
            )
        })?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, String> {
        self.array().map(|[byte]| byte)
    }

    /// The next 4 bytes, of which the first is the highest, as a number of bytes.
    pub(super) fn length_be(&mut self) -> Result<usize, String> {
        // A length of 32 bits fits into an address.
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    /// The next 4 bytes, of which the first is the lowest.
    pub(super) fn i32_le(&mut self) -> Result<i32, String> {
        self.array().map(i32::from_le_bytes)
    }
}

/// A length that a file has as a signed number.
pub(super) fn length(number: i64) -> Result<usize, String> {
    usize::try_from(number)
        .map_err(|_| format!("the chunk has {number} where a length is: the file is damaged"))
}
