//! The generic function is `run_parallel`; the kernel's name is that of a type.

use ndarray::{Array2, ArrayView1};

#[pasha::kernel]
fn first<const N: usize>(row: ArrayView1<f64>) -> [f64; N] {
    std::array::from_fn(|column| row[column])
}

fn main() {
    let rows = Array2::<f64>::zeros((3, 4));
    let _ = first::<3>::run_parallel(&rows);
}
