//! Nothing is no plain value, whatever it is called.

type Maybe = Option<usize>;

#[pasha::kernel]
fn root(value: usize) -> Maybe {
    value.checked_sub(1)
}

fn main() {}
