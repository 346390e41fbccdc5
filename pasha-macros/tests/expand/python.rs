/// Integrates a frame.
///
/// In counts.
#[kernel(python)]
pub fn integrate(
    frame: ArrayView2<u16>,
    monitor: f64,
    #[shared] bins: &ArrayRef2<u32>,
    #[shared] weights: ArrayView1<f32>,
    #[shared] n: usize,
    #[output(shape = n)] profile: ArrayViewMut1<f32>,
) -> f64 {
    todo!()
}

#[kernel(python)]
fn scale<T: Copy, U>(value: T, #[shared] factor: U) -> (T, U)
where
    U: Copy,
{
    todo!()
}
