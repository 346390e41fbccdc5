//! A closure that is called by several workers at once does not write.

fn main() {
    let mut total = 0.0;
    let _ = pasha::map(&[1.0, 2.0], |_worker_id, _index, value: &f64| {
        total += *value;
        2.0 * value
    });
}
