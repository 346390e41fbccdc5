use bytemuck::{Pod, Zeroable};
use ndarray::Ix1;
use pasha::Hdf5Dataset;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Hit {
    x: f64,
}

fn main() {
    let hits = Hdf5Dataset::<Hit, Ix1>::open("run.h5", "hits");
}
