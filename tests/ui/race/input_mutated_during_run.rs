//! Items do not change while they are read.

#[pasha::kernel]
fn double(value: f64) -> f64 {
    2.0 * value
}

fn main() {
    let mut values = vec![1.0, 2.0];
    std::thread::scope(|scope| {
        scope.spawn(|| double::run_parallel(&values));
        values[0] = 3.0;
    });
}
