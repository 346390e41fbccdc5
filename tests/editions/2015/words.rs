//! Kernels whose parameters and variables have names that later editions reserve.
#![allow(rust_2018_idioms, keyword_idents)]

extern crate ndarray;
extern crate pasha;

use ndarray::ArrayViewMut1;

#[pasha::kernel]
fn dyn(
    async: f64,
    await: &f64,
    #[shared] try: usize,
    #[shared] dyn: &(dyn Fn(f64) -> f64 + Sync),
    #[output(shape = try, fill = -1.0)] mut gen: ArrayViewMut1<'_, f64>,
    #[output(ragged = if *await > 15.0 { try + 1 } else { 0 })] mut o: ArrayViewMut1<'_, f64>,
    #[scratch(format!("{try}"))] text: &mut String,
) -> f64 {
    o.fill(async);
    gen[0] = text.len() as f64;
    let macro_rules = |async: f64| dyn(async) + *await;
    macro_rules(async)
}

#[pasha::kernel]
fn async(mut try: f64) -> f64 {
    let await = 1.0;
    try += await;
    try
}

#[test]
fn parameters_and_variables_may_have_such_names() {
    let out: DynOutput = dyn::run_parallel(&[1.0, 2.0], &[10.0, 20.0], 2, &|x| 2.0 * x).unwrap();
    assert_eq!(out.result[1], 24.0);
    assert_eq!(out.gen, ndarray::array![[1.0, -1.0], [1.0, -1.0]]);
    assert_eq!(out.o.slot(1).to_vec(), [2.0; 3]);
    assert_eq!(async::run_parallel(&[1.0, 2.0]).unwrap(), ndarray::array![2.0, 3.0]);
}
