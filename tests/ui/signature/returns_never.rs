//! A kernel returns.

#[pasha::kernel]
fn hang(_value: f64) -> ! {
    loop {}
}

fn main() {}
