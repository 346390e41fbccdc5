#[kernel]
fn scale<'a, T: Copy + Mul<Output = T>, D: Dimension>(
    frame: ArrayView<'a, T, D>,
    #[shared] factor: T,
    #[shared] f: &'a impl Fn(T) -> T,
    #[output(like = frame, order = F)] out: ArrayViewMut<'_, T, D>,
) -> Result<(), String>
where
    T: Default,
{
    todo!()
}
