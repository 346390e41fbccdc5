//! What names an axis of a data set.

use ndarray::Axis;

/// What names an axis: its number, or ndarray's `Axis`.
pub trait IntoAxis: sealed::NamesAxis {
    /// The axis' number, counted from 0.
    fn into_axis(self) -> usize;
}

impl IntoAxis for usize {
    fn into_axis(self) -> usize {
        self
    }
}

impl IntoAxis for Axis {
    fn into_axis(self) -> usize {
        self.index()
    }
}

mod sealed {
    pub trait NamesAxis {}
    impl NamesAxis for usize {}
    impl NamesAxis for super::Axis {}
}
