use bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Hit {
    x: u128,
}
pasha::hdf5_record!(Hit { x: u128 });

fn main() {}
