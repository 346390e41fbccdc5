//! How generated code says what an output's spec is, whoever owns the memory.

/// The methods with which a spec of arrays, or of single elements, is put together: of an output
/// with fields `shape` and `fill`, or `fill` alone.
///
/// Without the bound `A: Element`, so that a wrong element is told once, where it is asserted.
macro_rules! builders {
    (arrays: $spec:ident) => {
        impl<A, D: ::ndarray::Dimension> $spec<A, D> {
            /// Arrays of this shape.
            pub fn new(shape: impl $crate::output::SlotDimension<D>) -> Self {
                let (dim, order) = (shape.into_dim(), $crate::array::Order::C);
                let shape = $crate::output::sub_arrays::SlotShape { dim, order };
                $spec { shape, fill: None }
            }

            /// What all elements begin with in a run; without it new memory is zero.
            pub fn fill(self, value: A) -> Self {
                $spec { fill: Some(value), ..self }
            }

            /// Makes the first axis of an array the contiguous one.
            pub fn fortran(mut self) -> Self {
                self.shape.order = $crate::array::Order::F;
                self
            }
        }
    };
    (elements: $spec:ident) => {
        impl<A> $spec<A> {
            /// Single elements.
            #[allow(clippy::new_without_default, reason = "called by generated code alone")]
            pub fn new() -> Self {
                $spec { fill: None }
            }

            /// What all elements begin with in a run; without it new memory is zero.
            pub fn fill(self, value: A) -> Self {
                $spec { fill: Some(value) }
            }
        }
    };
}
pub(crate) use builders;
