#[pasha::kernel]
fn output(value: f64, #[output] twice: &mut f64) {
    *twice = 2.0 * value;
}

#[pasha::kernel]
fn several(value: f64) -> (f64, f64) {
    (value, -value)
}

#[pasha::kernel]
fn reduction(value: f64, #[reduce(sum)] total: &mut f64) -> f64 {
    *total += value;
    value
}

#[pasha::kernel]
fn root(value: f64) -> f64 {
    value.sqrt()
}

fn main() {
    let _ = output::bind().then(root::bind()).run_parallel(&[1.0, 2.0]);
    let _ = several::bind().then(root::bind()).run_parallel(&[1.0, 2.0]);
    let _ = reduction::bind().then(root::bind()).run_parallel(&[1.0, 2.0]);
}
