/// Corrects one detector frame and reduces it to what the analysis needs.
#[kernel]
pub fn reduce_frame(
    frame: ArrayView2<u16>,
    monitor: f64,
    #[index] index: usize,
    #[worker_id] worker: usize,
    #[shared] dark: &Array2<f32>,
    #[shared] bins: &Array2<u16>,
    #[shared] n_bins: usize,
    #[output(like = frame)] corrected: ArrayViewMut2<f32>,
    #[output(shape = (n_bins,), fill = f32::NAN)] profile: ArrayViewMut1<f32>,
    #[scratch(Vec::with_capacity(n_bins))] counts: &mut Vec<u32>,
    #[reduce(sum, like = frame)] total: ArrayViewMut2<f64>,
) -> f64 {
    todo!()
}
