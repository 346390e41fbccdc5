//! Values that are pushed have a size.

#[pasha::kernel]
fn bytes(word: &String, #[output(ragged)] bytes: &mut pasha::Ragged<[u8]>) {
    bytes.push(word.as_bytes());
}

fn main() {}
