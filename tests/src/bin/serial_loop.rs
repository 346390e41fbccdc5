//! Serial maps of `3 * x`, for counting their instructions: `serial_loop MAPS ITEMS`.

use ndarray::Array1;
use pasha::{Context, SerialContext};

/// Multiplies each value with 3.
#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

fn main() -> pasha::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let (maps, items) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1000));
    let context: &dyn Context = &SerialContext::new();
    let inp = Array1::<f64>::ones(items);
    let mut out = triple::alloc(context, &inp)?;
    for _ in 0..maps {
        triple::run_into(context, &inp, &mut out)?;
    }
    assert!(out.iter().all(|&value| value == if maps > 0 { 3.0 } else { 0.0 }));
    Ok(())
}
