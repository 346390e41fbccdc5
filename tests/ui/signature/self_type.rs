//! There is no `Self` outside of an `impl` block.

#[derive(Clone, Copy)]
struct Photon(f64);

#[pasha::kernel]
fn energy(photon: &Self) -> f64 {
    photon.0
}

fn main() {}
