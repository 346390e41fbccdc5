//! Serial maps of the simplest kernels, for counting their instructions: `serial_loop KERNEL MAPS ITEMS`.

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
    match kernel.as_str() {
        "triple" => {
            let inp = Array1::<f64>::ones(items);
            let mut out = triple::alloc(context, &inp)?;
            for _ in 0..maps {
                triple::run_into(context, &inp, &mut out)?;
            }
            assert!(out.iter().all(|&value| value == if maps > 0 { 3.0 } else { 0.0 }));
        }
        "sum" => {
            let inp = Array1::<u64>::ones(items);
            let mut out = sum::alloc(context, &inp)?;
            for _ in 0..maps {
                sum::run_into(context, &inp, &mut out)?;
            }
            assert_eq!(out, if maps > 0 { items as u64 } else { 0 });
        }
        "bytes" => {
            let inp = Array1::<u8>::ones(items);
            let mut out = bytes::alloc(context, &inp)?;
            for _ in 0..maps {
                bytes::run_into(context, &inp, &mut out)?;
            }
            assert!(out.iter().all(|&value| value == if maps > 0 { 3 } else { 0 }));
        }
        "rows" => {
            let inp = Array2::<f64>::ones((items, 3));
            let mut out = rows::alloc(context, &inp)?;
            for _ in 0..maps {
                rows::run_into(context, &inp, &mut out)?;
            }
            assert!(out.iter().all(|&value| value == if maps > 0 { 3.0 } else { 0.0 }));
        }
        other => panic!("no kernel is called {other:?}"),
    }
    Ok(())
}
