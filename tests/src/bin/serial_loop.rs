//! Serial maps of the simplest kernels, for counting their instructions:
//! `serial_loop KERNEL MAPS ITEMS`.

use ndarray::{Array1, Array2, ArrayView1};
use pasha::{Context, SerialContext};

/// Multiplies each value with 3.
#[pasha::kernel]
fn triple(value: f64) -> f64 {
    3.0 * value
}

/// Adds up values.
#[pasha::kernel]
fn sum(value: u64, #[reduce(sum)] total: &mut u64) {
    *total += value;
}

/// Multiplies each byte with 3.
#[pasha::kernel]
fn bytes(value: u8) -> u8 {
    value.wrapping_mul(3)
}

/// Adds up a row of three.
#[pasha::kernel]
fn rows(row: ArrayView1<f64>) -> f64 {
    row[0] + row[1] + row[2]
}

fn main() -> pasha::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kernel, maps, items] = arguments.as_slice() else { panic!("KERNEL MAPS ITEMS") };
    let [maps, items] = [maps, items].map(|text| text.parse::<usize>().expect("a number"));
    let context: &dyn Context = &SerialContext::new();
    let ones = Array1::<f64>::ones(items);
    let bytes_of_one = Array1::<u8>::ones(items);
    let counts = Array1::<u64>::ones(items);
    let rows_of_ones = Array2::<f64>::ones((items, 3));
    // Into one output again and again, so that its making does not count.
    macro_rules! repeat {
        ($kernel:ident, $inp:expr) => {{
            let mut out = $kernel::alloc(context, $inp)?;
            for _ in 0..maps {
                $kernel::run_into(context, $inp, &mut out)?;
            }
            out
        }};
    }
    let ran = maps > 0;
    let is_right = match kernel.as_str() {
        "triple" => repeat!(triple, &ones).iter().all(|&out| (out == 3.0) == ran),
        "sum" => (repeat!(sum, &counts) == items as u64) == ran,
        "bytes" => repeat!(bytes, &bytes_of_one).iter().all(|&out| (out == 3) == ran),
        "rows" => repeat!(rows, &rows_of_ones).iter().all(|&out| (out == 3.0) == ran),
        other => panic!("no kernel is called {other:?}"),
    };
    assert!(is_right);
    Ok(())
}
