//! A tile of bits: 8 rows of so many bytes, transposed in words of 64 bits.

/// Columns of bytes that are transposed at once.
pub(super) const TILE: usize = 32;

/// 8 bytes of each of 8 rows.
type BitRows = [[u64; TILE / 8]; 8];

/// Makes bytes of a tile of 8 rows of bits, which begins at this column.
#[inline(always)]
pub(super) fn tile(bits: &[u8], columns: usize, start: usize, out: &mut [u8]) {
    let mut rows: BitRows = [[0; TILE / 8]; 8];
    for (row, words) in rows.iter_mut().enumerate() {
        let (bytes, _) = bits[row * columns + start..][..TILE].as_chunks::<8>();
        for (word, &bytes) in words.iter_mut().zip(bytes) {
            *word = u64::from_le_bytes(bytes);
        }
    }
    transpose(&mut rows);
    let mut elements = [[0; TILE]; 8];
    for (bytes, words) in elements.iter_mut().zip(&rows) {
        let (bytes, _) = bytes.as_chunks_mut::<8>();
        for (bytes, word) in bytes.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
    }
    let (out, _) = out[..8 * TILE].as_chunks_mut::<8>();
    for (column, out) in out.iter_mut().enumerate() {
        *out = std::array::from_fn(|element| elements[element][column]);
    }
}

/// Exchanges bits `shift` of the words of row `a` with bits 0 of those of row `b`, for all bits of
/// a mask.
#[inline(always)]
fn exchange(rows: &mut BitRows, a: usize, b: usize, shift: usize, mask: u64) {
    let (mut first, mut second) = (rows[a], rows[b]);
    for (first, second) in first.iter_mut().zip(&mut second) {
        let changed = ((*first >> shift) ^ *second) & mask;
        *second ^= changed;
        *first ^= changed << shift;
    }
    (rows[a], rows[b]) = (first, second);
}

/// Transposes the 8 x 8 bits in each column of bytes: blocks of 4 x 4, of 2 x 2, bits. (H. S.
/// Warren, Hacker's Delight, section 7-3, with a row in each word.)
#[inline(always)]
fn transpose(rows: &mut BitRows) {
    const STEPS: [(usize, u64); 3] = [
        (4, u64::from_ne_bytes([0x0f; 8])),
        (2, u64::from_ne_bytes([0x33; 8])),
        (1, u64::from_ne_bytes([0x55; 8])),
    ];
    for (shift, mask) in STEPS {
        for row in (0..8).filter(|row| row & shift == 0) {
            exchange(rows, row, row + shift, shift, mask);
        }
    }
}
