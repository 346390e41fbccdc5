//! What a context of several ranks says of itself, and what all ranks must say alike.

use std::time::Duration;

use pasha::{AnyContext, Error, SerialContext, ThreadContext};
use pasha_tests::ranks::{on_ranks, on_ranks_with, ran_alone};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

const PATIENCE: Duration = Duration::from_secs(40);

fn serial(_rank: usize) -> AnyContext {
    Box::new(SerialContext::new())
}

#[pasha::kernel]
fn double(value: u64) -> u64 {
    2 * value
}

#[test]
fn a_context_of_ranks_says_how_many_they_are_and_where() {
    if ran_alone(&|| ()) {
        return;
    }
    let local = |rank| -> AnyContext { Box::new(ThreadContext::new(rank + 1).unwrap()) };
    let texts = on_ranks_with(2, PATIENCE, local, |context| context.to_string());
    assert_eq!(texts, ["2 ranks on 2 hosts, 3 workers: 1 on node-0, 2 on node-1"; 2]);
    let texts = on_ranks_with(6, PATIENCE, serial, |context| context.to_string());
    assert_eq!(texts, ["6 ranks on 6 hosts, 6 workers: 1 on each host"; 6]);
}

#[test]
fn workers_that_share_one_processor_are_told_once_with_the_cure() {
    if ran_alone(&|| ()) {
        return;
    }
    let local = |rank| -> AnyContext {
        if rank == 1 {
            // As `mpirun` does by default.
            let usable = sched_getaffinity(None).unwrap();
            let mut one = CpuSet::new();
            one.set((0..CpuSet::MAX_CPU).find(|&processor| usable.is_set(processor)).unwrap());
            sched_setaffinity(None, &one).unwrap();
        }
        Box::new(ThreadContext::new(2).unwrap())
    };
    on_ranks(3, local, |context| {
        let told = "the 2 workers of rank 1 on node-1 are bound to 1 of its ";
        let cure = "processors: start the program with `mpirun --bind-to none`, or with \
                    `srun --cpus-per-task=2`";
        let (_, report) = double::run_report_in(&context, 0..10_u64).unwrap();
        let [warning] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
        assert!(warning.starts_with(told) && warning.ends_with(cure), "{warning}");
        assert!(report.to_string().contains(&format!("\nwarning: {warning}")), "{report}");
        assert!(context.to_string().ends_with(&format!("\nwarning: {warning}")), "{context}");
        let (_, report) = double::run_report_in(&context, 0..10_u64).unwrap();
        assert!(report.warnings.is_empty(), "it is told once");
    });
}

#[test]
fn workers_that_have_a_processor_each_are_not_warned_of() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, serial, |context| {
        let (_, report) = double::run_report_in(&context, 0..10_u64).unwrap();
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    });
}

#[test]
fn the_time_after_which_a_rank_is_lost_is_the_same_on_all_and_not_too_short() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(3, PATIENCE, serial, |context| {
        let short = context.clone().rank_timeout(Duration::from_millis(250));
        let error = double::run_in(&short, 0..10_u64).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("`rank_timeout`") && told.contains("250ms"), "{told}");
        assert!(told.contains("at least 1s"), "{told}");
        let seconds = if context.rank() == 1 { 20 } else { 30 };
        let different = context.clone().rank_timeout(Duration::from_secs(seconds));
        let error = double::run_in(&different, 0..10_u64).unwrap_err();
        assert!(matches!(error, Error::RanksDiffer { .. }), "{error}");
        let long = context.rank_timeout(Duration::from_secs(30));
        assert_eq!(double::run_in(&long, 0..10_u64).unwrap().sum(), 90);
        error.to_string()
    });
    let told = "`rank_timeout` is 30s on rank 0 (node-0), but 20s on rank 1 (node-1)";
    assert!(texts.iter().all(|text| text.contains(told)), "{texts:?}");
}

#[test]
fn a_rank_that_stops_is_lost_after_the_time_that_was_given() {
    if ran_alone(&|| ()) {
        return;
    }
    let texts = on_ranks_with(2, PATIENCE, serial, |context| {
        let rank = context.rank();
        let context = context.rank_timeout(Duration::from_secs(2));
        let begun = std::time::Instant::now();
        let error = pasha::map_in(&context, 0..1_000_000_u64, |_, index, n| {
            if rank == 1 && index > 50 {
                // Until rank 0 has told, and ended it.
                let _ = rustix::process::kill_process(
                    rustix::process::getpid(),
                    rustix::process::Signal::STOP,
                );
            }
            std::thread::sleep(Duration::from_micros(200));
            n
        })
        .unwrap_err();
        assert!(matches!(&error, Error::RankLost { rank: 1, .. }), "{error}");
        let took = begun.elapsed();
        assert!(took < PATIENCE / 2, "{took:?}");
        pasha_tests::ranks::stopped_siblings().into_iter().for_each(|pid| {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        });
        "told".to_owned()
    });
    assert_eq!(texts, ["told", "killed"]);
}

#[test]
fn ranks_that_want_their_outputs_elsewhere_are_told() {
    if ran_alone(&|| ()) {
        return;
    }
    on_ranks(2, serial, |context| {
        let context = if context.rank() == 1 { context.outputs_at_root() } else { context };
        let error = double::run_in(&context, 0..10_u64).unwrap_err();
        let told = "`outputs_at_root` is false on rank 0 (node-0), but true on rank 1 (node-1)";
        assert!(error.to_string().contains(told), "{error}");
    });
}
