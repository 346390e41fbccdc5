//! The numbers of a file: which types of them are understood.

/// The types of numbers in a file that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    /// IEEE's float of 2 bytes.
    F16,
    F32,
    F64,
    /// A compound of a real and an imaginary part, as h5py writes it.
    ComplexF32,
    ComplexF64,
    /// h5py's enumeration of one byte with the members `FALSE` and `TRUE`.
    Bool,
    /// Members with names, so many bytes together.
    Compound(usize),
}

impl Number {
    /// The integer of this many bytes, if there is one.
    pub(super) fn integer(bytes: usize, is_signed: bool) -> Option<Number> {
        Some(match (bytes, is_signed) {
            (1, true) => Number::I8,
            (2, true) => Number::I16,
            (4, true) => Number::I32,
            (8, true) => Number::I64,
            (1, false) => Number::U8,
            (2, false) => Number::U16,
            (4, false) => Number::U32,
            (8, false) => Number::U64,
            _ => return None,
        })
    }

    /// Bytes of one.
    pub(super) fn size(self) -> usize {
        match self {
            Number::I8 | Number::U8 | Number::Bool => 1,
            Number::I16 | Number::U16 | Number::F16 => 2,
            Number::I32 | Number::U32 | Number::F32 => 4,
            Number::I64 | Number::U64 | Number::F64 | Number::ComplexF32 => 8,
            Number::ComplexF64 => 16,
            Number::Compound(bytes) => bytes,
        }
    }

    /// The name of the type in Rust.
    pub(super) fn name(self) -> &'static str {
        match self {
            Number::I8 => "i8",
            Number::I16 => "i16",
            Number::I32 => "i32",
            Number::I64 => "i64",
            Number::U8 => "u8",
            Number::U16 => "u16",
            Number::U32 => "u32",
            Number::U64 => "u64",
            Number::F16 => "f16",
            Number::F32 => "f32",
            Number::F64 => "f64",
            Number::ComplexF32 => "Complex<f32>",
            Number::ComplexF64 => "Complex<f64>",
            Number::Bool => "bool",
            Number::Compound(_) => "a struct of yours (see hdf5_record!)",
        }
    }

    /// The integer that these bytes are, as text.
    pub(super) fn integer_text(self, is_swapped: bool, bytes: &[u8]) -> String {
        let mut wide = [0_u8; 8];
        let len = bytes.len().min(8);
        wide[..len].copy_from_slice(&bytes[..len]);
        if is_swapped != cfg!(target_endian = "big") {
            wide[..len].reverse();
        }
        let unused = 64 - 8 * len as u32;
        let value = u64::from_le_bytes(wide);
        let is_signed = matches!(self, Number::I8 | Number::I16 | Number::I32 | Number::I64);
        match is_signed && len > 0 {
            true => (((value << unused) as i64) >> unused).to_string(),
            false => value.to_string(),
        }
    }
}
