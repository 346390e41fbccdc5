//! The struct of outputs is made, taken apart and given functions by its name, as any other.
#![deny(warnings)]

use pasha::Element;

/// The ends of a pair.
#[pasha::kernel]
pub fn ends<T: Element>(pair: &[T; 2], #[output] first: &mut T, #[output] last: &mut T) {
    [*first, *last] = *pair;
}

impl<T: Element> EndsOutput<T> {
    pub fn into_first(self) -> pasha::SharedArray1<T> {
        let EndsOutput { first, last: _ } = self;
        first
    }
}

trait Name {
    fn name(&self) -> String;
}

impl<T: Element> Name for EndsOutput<T> {
    fn name(&self) -> String {
        format!("{self:?}")
    }
}

fn main() -> pasha::Result<()> {
    let out: EndsOutput<f64> = ends::run_serial(&[[3.0, 4.0]])?;
    let again = EndsOutput { first: out.first.clone(), last: out.last.clone() };
    assert!(again.name().starts_with("EndsOutput "), "{}", again.name());
    assert_eq!(again.into_first()[0], 3.0);

    #[pasha::kernel]
    fn local(value: f64, #[output] half: &mut f64) -> f64 {
        *half = 0.5 * value;
        2.0 * value
    }
    let LocalOutput { half, result } = local::run_serial(&[3.0])?;
    assert_eq!((half[0], result[0]), (1.5, 6.0));
    Ok(())
}
