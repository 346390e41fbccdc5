//! Arguments are passed on the stack.

#[pasha::kernel]
fn first(values: [f64]) -> f64 {
    values[0]
}

#[pasha::kernel]
fn length(text: str) -> usize {
    text.len()
}

#[pasha::kernel]
fn call(function: dyn Fn()) -> f64 {
    function();
    1.0
}

#[pasha::kernel]
fn parts(path: std::path::Path) -> usize {
    path.components().count()
}

#[pasha::kernel]
fn apply(value: f64, #[shared] function: dyn Fn(f64) -> f64 + Sync) -> f64 {
    function(value)
}

#[pasha::kernel]
fn nearest(value: f64, #[shared] table: [f64]) -> f64 {
    table[0]
}

#[pasha::kernel]
fn lengths(texts: ndarray::ArrayView1<str>) -> usize {
    texts.len()
}

fn main() {
    let _ = first::run_parallel(&vec![vec![1.0]]);
    let _ = length("text");
}
