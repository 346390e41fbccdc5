//! Workers call the kernel from safe code.

#[pasha::kernel]
unsafe fn read(address: usize) -> f64 {
    address as f64
}

fn main() {}
