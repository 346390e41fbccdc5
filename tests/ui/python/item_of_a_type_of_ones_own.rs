//! Python gives arrays, whose items are numbers and arrays.

struct Train<'t>(&'t [u16]);

#[pasha::kernel(python)]
fn first(train: Train<'_>) -> u16 {
    train.0[0]
}

fn main() {}
