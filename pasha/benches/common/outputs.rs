//! A kernel with eight outputs and a reduction, against the same by hand with rayon.

use std::cell::RefCell;
use std::rc::Rc;

use pasha::prelude::*;
use rayon::prelude::*;

use super::duel::{Duel, timed};
use super::{NUM_WORKERS, peer_pool, ramp};

/// Eight powers of a value, and the sum of the last.
#[pasha::kernel]
fn powers(
    x: f64,
    #[output] p1: &mut f64,
    #[output] p2: &mut f64,
    #[output] p3: &mut f64,
    #[output] p4: &mut f64,
    #[output] p5: &mut f64,
    #[output] p6: &mut f64,
    #[output] p7: &mut f64,
    #[output] p8: &mut f64,
    #[reduce(sum)] total: &mut f64,
) {
    *p1 = x;
    *p2 = x * x;
    *p3 = *p2 * x;
    *p4 = *p2 * *p2;
    *p5 = *p4 * x;
    *p6 = *p4 * *p2;
    *p7 = *p4 * *p3;
    *p8 = *p4 * *p4;
    *total += *p8;
}

fn by_rayon(pool: &rayon::ThreadPool, inp: &[f64], out: [&mut [f64]; 8]) -> f64 {
    let [p1, p2, p3, p4, p5, p6, p7, p8] = out;
    pool.install(|| {
        (p1, p2, p3, p4, p5, p6, p7, p8, inp)
            .into_par_iter()
            .map(|(p1, p2, p3, p4, p5, p6, p7, p8, &x)| {
                *p1 = x;
                *p2 = x * x;
                *p3 = *p2 * x;
                *p4 = *p2 * *p2;
                *p5 = *p4 * x;
                *p6 = *p4 * *p2;
                *p7 = *p4 * *p3;
                *p8 = *p4 * *p4;
                *p8
            })
            .sum()
    })
}

/// Threads against rayon, into the same outputs.
pub(crate) fn against_rayon(len: usize) -> Duel {
    let context = ThreadContext::new(NUM_WORKERS).unwrap();
    let pool = peer_pool();
    let inp = ramp(&context, len);
    let out = powers::alloc(&context, &inp).unwrap();
    let ours = Rc::new(RefCell::new((inp, out)));
    let theirs = Rc::clone(&ours);
    Duel::new(
        move || {
            let (inp, out) = &mut *ours.borrow_mut();
            timed(|| powers::run_into(&context, &*inp, out).unwrap())
        },
        move || {
            let (inp, out) = &mut *theirs.borrow_mut();
            let PowersOutput { p1, p2, p3, p4, p5, p6, p7, p8, .. } = out;
            let out = [p1, p2, p3, p4, p5, p6, p7, p8].map(|out| out.as_slice_mut().unwrap());
            let inp = inp.as_slice().unwrap();
            timed(|| by_rayon(&pool, inp, out))
        },
    )
}
