use bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Hit {
    x: f32,
}
pasha::hdf5_record!(Hit { x: f64 });

fn main() {}
