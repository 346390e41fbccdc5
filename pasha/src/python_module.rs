//! The macro that makes an extension module of kernels.

/// Makes an extension module for Python of kernels: each becomes a function of NumPy's arrays.
///
/// The crate that has it is a `cdylib` of the module's name; pasha is all that it depends on.
/// [The guide](crate::guide::python_kernels) tells what Python then has.
///
/// ```no_run,standalone_crate
/// use pasha::ndarray::ArrayView2;
///
/// /// The photons of a frame.
/// #[pasha::kernel(python)]
/// fn photons(frame: ArrayView2<u16>, #[shared] gain: f64) -> f64 {
///     frame.iter().map(|&count| f64::from(count)).sum::<f64>() / gain
/// }
///
/// /// Multiplies.
/// #[pasha::kernel(python)]
/// fn scale<T: Copy + std::ops::Mul<Output = T>>(value: T, #[shared] factor: T) -> T {
///     factor * value
/// }
///
/// pasha::python_module!(analysis { photons, scale: [f32, f64] });
/// ```
///
/// A kernel with type parameters is compiled for each of the listed types (tuples of them, where it
/// has several); a call runs the first whose elements are those that it is given. The crate has to
/// name pasha `pasha` in its `Cargo.toml`.
#[macro_export]
macro_rules! python_module {
    ($name:ident { $($kernels:tt)* }) => {
        $crate::python_module!(@module "::pasha::__private::python::pyo3", $name { $($kernels)* });
    };
    (@module $pyo3:literal, $name:ident {
        $($kernel:path $(: [$($types:ty),+ $(,)?])?),* $(,)?
    }) => {
        const _: () = {
            use $crate::__private::python;

            #[python::pyo3::pymodule(crate = $pyo3, gil_used = true)]
            fn $name(
                module: &python::pyo3::Bound<'_, python::pyo3::types::PyModule>,
            ) -> python::pyo3::PyResult<()> {
                python::fill(module, vec![$(
                    $crate::python_module!(@entry $kernel $(: [$($types),+])?)
                ),*])
            }
        };
    };
    (@entry $kernel:path) => {
        $crate::python_module!(@entry $kernel: [()])
    };
    (@entry $kernel:path: [$first:ty $(, $types:ty)*]) => {
        $crate::__private::python::Entry {
            description: <$kernel as $crate::__private::python::PyKernel<$first>>::KERNEL,
            variants: vec![
                <$kernel as $crate::__private::python::PyKernel<$first>>::call
                $(, <$kernel as $crate::__private::python::PyKernel<$types>>::call)*
            ],
        }
    };
}
