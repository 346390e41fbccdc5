//! Where pasha has another name, or is found through another crate.
#![deny(warnings)]
#![forbid(unsafe_code)]

extern crate pasha as other;

/// As a crate that offers pasha to its users.
mod reexports {
    pub use pasha;
}

mod pasha {
    #[crate::reexports::pasha::kernel(crate = "crate::reexports::pasha")]
    pub fn through_a_module(
        frame: ndarray::ArrayView1<f64>,
        #[shared] n: usize,
        #[shared] text: &String,
        #[output(shape = frame.len() + n)] mut out: ndarray::ArrayViewMut1<f64>,
    ) -> f64 {
        out.fill(text.len() as f64);
        frame.sum()
    }

    #[crate::reexports::pasha::kernel(crate = super::reexports::pasha, output = Sums)]
    pub fn without_quotes(value: f64, #[reduce(sum)] total: &mut f64) -> f64 {
        *total += value;
        value
    }
}

#[other::kernel(crate = "other", stream_stores)]
fn renamed<T: Copy + 'static>(value: f64, #[shared] list: &[T]) -> Result<f64, String> {
    Ok(value * list.len() as f64)
}

fn main() -> other::Result<()> {
    let frames = ndarray::Array2::<f64>::ones((2, 3));
    let out = pasha::through_a_module::run_parallel(&frames, 2, &"text".to_owned())?;
    assert_eq!(out.out, ndarray::Array2::from_elem((2, 5), 4.0));
    let out: pasha::Sums = pasha::without_quotes::run_serial(&[1.0, 2.0])?;
    assert_eq!(out.total, 3.0);
    assert_eq!(renamed::run_parallel(&[1.0, 2.0], &[3, 4])?, ndarray::array![2.0, 4.0]);
    Ok(())
}
