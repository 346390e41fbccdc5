#[kernel]
fn peaks(
    train: Train<'_, u16, Ix2>,
    count: u64,
    #[index] index: usize,
    #[output(ragged = count, fill = -1)] positions: ArrayViewMut1<i64>,
    #[output(ragged = count + index as u64)] heights: ArrayViewMut1<f32>,
    #[reduce(merge::larger, init = [0.0; 2])] best: &mut [f64; 2],
    #[per_worker] seen: &mut u64,
) {
    todo!()
}
