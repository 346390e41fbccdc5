#[kernel]
fn moments<const N: usize>(values: &[f64; N], #[output] valid: &mut bool) -> anyhow::Result<(f64, [f64; N])> {
    todo!()
}

#[kernel]
fn min_max(value: f64) -> (f64, f64) {
    todo!()
}

#[kernel]
fn refused(value: f64, #[shard] factor: f64) -> Vec<f64> {
    todo!()
}
