//! A returned value outlives its item.

#[pasha::kernel]
fn words<'a>(text: &'a String) -> std::borrow::Cow<'a, str> {
    text.into()
}

fn main() {}
