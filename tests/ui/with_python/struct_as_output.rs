//! NumPy has no arrays of the user's structs.

use pasha::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[bytemuck(crate = "pasha::bytemuck")]
#[repr(C)]
struct Photon {
    x: f32,
    y: f32,
}

#[pasha::kernel(python)]
fn locate(value: f32) -> Photon {
    Photon { x: value, y: value }
}

fn main() {}
