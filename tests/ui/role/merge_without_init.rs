//! Only the author knows what a merge starts from.

fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}

#[pasha::kernel]
fn parity(value: u64, #[reduce(xor)] out: &mut u64) {
    *out ^= value;
}

fn main() {}
