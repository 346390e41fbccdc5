//! Elements that point into the memory of one process.

#[pasha::kernel]
fn address(value: &f64, #[output] place: &mut *const f64) {
    *place = value;
}

#[pasha::kernel]
fn function(value: f64, #[output] function: &mut Box<dyn Fn(f64) -> f64>) {
    *function = Box::new(move |x| x + value);
}

fn main() -> pasha::Result<()> {
    address::run_parallel(&[1.0])?;
    function::run_parallel(&[1.0])?;
    Ok(())
}
