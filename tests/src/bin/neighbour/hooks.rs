//! The program's panic hook: it gets the panics of the program, and none of kernels.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pasha::{AnyContext, SerialContext};

use super::{check_next_map, misbehave, shared_counters, told, two_processes};

/// Installs a hook that counts its calls: in this process, and in others.
fn count_calls() -> &'static [AtomicU64; 2] {
    let counters = shared_counters();
    let own = std::process::id();
    set_hook(Box::new(move |_| {
        let own = usize::from(std::process::id() != own);
        counters[own].fetch_add(1, Ordering::Relaxed);
    }));
    counters
}

fn calls(counters: &[AtomicU64; 2]) -> [u64; 2] {
    [&counters[0], &counters[1]].map(|counter| counter.load(Ordering::Relaxed))
}

/// Panics in kernels in every context while a thread of the program panics, too; gives the number
/// of panics of the program itself.
fn panic_everywhere() -> u64 {
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let panicking = scope.spawn(|| {
            let mut panics = 0;
            while !enough.load(Ordering::Relaxed) {
                catch_unwind(|| panic!("of a thread")).unwrap_err();
                panics += 1;
            }
            panics
        });
        for context in ["processes:2", "threads:2", "serial"] {
            let context: AnyContext = context.parse().unwrap();
            for _ in 0..50 {
                let told = told(misbehave::run_in(&context, 0..100_usize, "panic"));
                assert!(told.starts_with("panic at 50, \"as told\""), "{told}");
            }
        }
        enough.store(true, Ordering::Relaxed);
        let panics: u64 = panicking.join().unwrap();
        catch_unwind(|| panic!("of main")).unwrap_err();
        panics + 1
    })
}

pub(super) fn set_before() {
    let counters = count_calls();
    catch_unwind(|| panic!("before all maps")).unwrap_err();
    assert_eq!(calls(counters), [1, 0]);
    // The first map puts pasha's hook in front; a thread that panics in that very moment would find
    // the standard hook.
    check_next_map();
    let panics = panic_everywhere();
    assert_eq!(calls(counters), [1 + panics, 0]);
    // A panic that is caught within a kernel is the kernel's own business.
    pasha::map_in(&SerialContext::new(), 0..3_u8, |_, _, _| {
        catch_unwind(|| panic!("caught in the kernel")).unwrap_err();
    })
    .unwrap();
    catch_unwind(|| panic!("after all maps")).unwrap_err();
    assert_eq!(calls(counters), [2 + panics, 0]);
}

/// A panic that the kernel catches itself, and a death at the same item.
pub(super) fn caught_before_death() {
    let told = told(misbehave::run_in(&two_processes(), 0..100_usize, "caught-then-abort"));
    println!("{told}");
}

/// A hook that is set later comes in front of pasha's: it sees kernels' panics, too, and they are
/// told as ever.
pub(super) fn set_after() {
    check_next_map();
    let counters = count_calls();
    let panics = panic_everywhere();
    assert!(calls(counters)[0] >= panics, "{:?} {panics}", calls(counters));
}

/// A hook that is set later, and hands on to the one before it, as such hooks should.
pub(super) fn set_after_and_handing_on() {
    let first = count_calls();
    check_next_map();
    let before = take_hook();
    let counters: &[AtomicU64; 1] = shared_counters();
    set_hook(Box::new(move |info| {
        counters[0].fetch_add(1, Ordering::Relaxed);
        before(info);
    }));
    let panics = panic_everywhere();
    assert_eq!(calls(first), [panics, 0]);
    assert!(counters[0].load(Ordering::Relaxed) >= panics);
    let told = told(misbehave::run_in(&two_processes(), 0..100_usize, "panic"));
    assert_eq!(told, "panic at 50, \"as told\", located true");
}
