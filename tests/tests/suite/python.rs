//! The test cases of the original (pasha 0.1.2 in Python), and where each is held here.
//!
//! | original | here |
//! | --- | --- |
//! | `test_alloc_direct` (128 cases) | `allocation::alloc_direct` |
//! | `test_alloc_like` (384 cases) | `allocation::alloc_like` |
//! | `test_run_worker` | [`run_worker`] |
//! | `test_map[default, serial, thread, process]` | [`map_default`], [`map`] |
//! | `test_initial_default_context` | `contexts::the_default_context_is_forked_processes` |
//! | `test_set_default_context_direct`, `_string` | `contexts::the_default_context_can_be_set` |
//! | `test_subtype_register` | traits are found by the compiler: `items::items_of_the_users_own` |
//! | `test_try_wrap` (list, tuple, ndarray) | `functors::sequences`, `functors::other_axes` |
//! | `test_try_wrap` (set refused) | `ui/type/unsupported_functor.rs`, at compile time |
//! | `test_sequence_like_functor` | `functors::the_originals_sequence_functor` |
//! | `test_NdarrayFunctor_axis` | `functors::the_originals_axis_functor` |
//! | `test_ExtraDataFunctor` (an empty stub there) | `tests/xfel`, with the feature `xfel` |
//! | `test_try_wrap` (DataArray), `test_DataArrayFunctor_dim` | `labelled::the_originals_labelled_functor` |

use ndarray::Array1;
use pasha::Context;
use pasha_tests::for_each_context;

#[pasha::kernel]
fn triple_it(value: f64) -> f64 {
    3.0 * value
}

/// A hundred values that look random; the original takes `np.random.rand(100)`.
fn input() -> Array1<f64> {
    let mut state = 1_u64;
    Array1::from_shape_simple_fn(100, || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

#[test]
fn map_default() {
    let inp = input();
    assert_eq!(triple_it::run_parallel(&inp).unwrap(), &inp * 3.0);
}

for_each_context! {
    fn map(context: &dyn Context) {
        let inp = input();
        assert_eq!(triple_it::run_in(context, &inp).unwrap(), &inp * 3.0);
    }
}

/// One worker gets all entries in order, with its number and their index.
#[test]
fn run_worker() {
    let seen = std::sync::Mutex::new(Vec::new());
    let entries: Vec<i32> = (0..10).map(|i| -i).collect();
    pasha::map_in(&pasha::SerialContext::new(), &entries, |worker_id, index, &value| {
        seen.lock().unwrap().push((worker_id, index, value));
    })
    .unwrap();
    let expected: Vec<_> = (0..10).map(|i| (0, i as usize, -i)).collect();
    assert_eq!(seen.into_inner().unwrap(), expected);
}
