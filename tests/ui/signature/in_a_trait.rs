//! A kernel is a free function: no function of a trait, with a body or without.

trait Calibrate {
    #[pasha::kernel]
    fn double(value: f64) -> f64;

    #[pasha::kernel]
    fn several(value: f64, #[output] doubled: &mut f64, #[reduce(sum)] total: &mut f64) {
        *doubled = 2.0 * value;
        *total += value;
    }
}

fn main() {}
