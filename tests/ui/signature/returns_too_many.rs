//! Tuples of arrays end at twelve.

#[pasha::kernel]
fn spread(v: u8) -> (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) {
    (v, v, v, v, v, v, v, v, v, v, v, v, v)
}

fn main() {}
