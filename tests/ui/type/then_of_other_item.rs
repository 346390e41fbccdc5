#[pasha::kernel]
fn rounded(value: f64) -> u32 {
    value as u32
}

#[pasha::kernel]
fn root(value: f64) -> f64 {
    value.sqrt()
}

fn main() {
    let _ = rounded::bind().then(root::bind()).run_parallel(&[1.0, 2.0]);
}
