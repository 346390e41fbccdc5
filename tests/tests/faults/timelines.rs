//! Timelines of maps whose workers are killed.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pasha::{AnyContext, Span, SpanKind, Timeline};
use pasha_tests::{nanoseconds, shared_counters};
use tempfile::TempDir;

fn kill_itself() {
    kill(Pid::this(), Signal::SIGKILL).unwrap();
}

fn row(timeline: &Timeline, worker_id: usize) -> Vec<&Span> {
    let spans: Vec<&Span> = timeline.spans().filter(|span| span.worker_id() == worker_id).collect();
    assert!(spans.windows(2).all(|pair| pair[0].end() == pair[1].begin()), "{spans:?}");
    spans
}

#[test]
fn what_a_killed_worker_did_is_told_up_to_its_death() {
    for policy in ["skip=1", "retry=2"] {
        let context: AnyContext = format!("processes:2,timeline,{policy}").parse().unwrap();
        let calls = shared_counters(1);
        let (ids, report) = pasha::map_report_in(&context, 0..200, |worker_id, index, _| {
            std::thread::sleep(Duration::from_micros(300));
            if index == 120 && calls[0].fetch_add(1, Ordering::Relaxed) == 0 {
                kill_itself();
            }
            worker_id
        })
        .unwrap();
        let timeline = report.timeline().unwrap();
        assert_eq!(report.replaced, 1);
        let died: Vec<&Span> = timeline.spans().filter(|span| span.is_failed()).collect();
        assert_eq!((died.len(), died[0].indices().end), (1, 121), "{policy}: {died:?}");
        let worker = died[0].worker_id();
        // What it had done before, that another took its place, and what that did.
        let spans = row(timeline, worker);
        let place = spans.iter().position(|span| span.is_failed()).unwrap();
        let indices = |spans: &[&Span]| -> BTreeSet<usize> {
            let items = spans.iter().filter(|span| span.kind() == SpanKind::Items);
            items.flat_map(|span| span.indices()).collect()
        };
        assert!(spans[place..].iter().any(|span| span.kind() == SpanKind::Starting));
        let own: BTreeSet<usize> =
            (0..200).filter(|&index| index != 120 && ids[index] == worker).collect();
        let mut told = indices(&spans);
        assert!(told.remove(&120));
        assert_eq!(told, own, "{policy}");
        let retries: Vec<_> = spans.iter().filter(|span| span.is_retry()).collect();
        match policy {
            "skip=1" => assert_eq!(retries.len(), 0, "{retries:?}"),
            _ => assert_eq!((retries.len(), retries[0].indices()), (1, 120..121)),
        }
        row(timeline, 1 - worker);
    }
}

#[test]
fn a_map_that_a_death_ends_has_its_file_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.json");
    let context: AnyContext = format!("processes:2,timeline={}", path.display()).parse().unwrap();
    pasha::map_in(&context, 0..100, |_, index, _| {
        if index == 50 {
            kill_itself();
        }
        index
    })
    .unwrap_err();
    let trace: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let failed: Vec<_> = events.iter().filter(|event| event["args"]["failed"] == true).collect();
    assert_eq!((failed.len(), failed[0]["args"]["last"].as_u64()), (1, Some(50)));
}

/// Has the process that calls end by a signal, at whatever instruction it then is, unless it has
/// been told so before.
fn die_soon() {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    let process = std::process::id();
    if TOLD.swap(process, Ordering::Relaxed) == process {
        return;
    }
    let microseconds = 200 + (nanoseconds() / 1000 * 7919 + u64::from(process) * 104_729) % 4000;
    let after = libc::timeval { tv_sec: 0, tv_usec: microseconds as i64 };
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: never, it_value: after };
    // SAFETY: the call reads the structure, and is told of no place for what was set before.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

#[test]
fn a_record_is_valid_at_whatever_instruction_its_worker_dies() {
    const LEN: usize = 40_000;
    let context: AnyContext = "processes:2,timeline,share=1,retry=1000".parse().unwrap();
    let mut deaths = 0;
    while deaths < 100 {
        let (out, report) = pasha::map_report_in(&context, 0..LEN, |_, index, _| {
            die_soon();
            index
        })
        .unwrap();
        assert!(out.iter().copied().eq(0..LEN));
        deaths += report.replaced;
        let timeline = report.timeline().unwrap();
        let mut seen = vec![false; LEN];
        for worker_id in 0..2 {
            let spans = row(timeline, worker_id);
            assert!(spans.len() <= 4096);
            for span in &spans {
                assert!(span.indices().end <= LEN, "{span}");
                seen[span.indices()].fill(true);
            }
            assert!(spans.last().unwrap().end() <= timeline.wall_time());
        }
        assert!(seen.into_iter().all(|seen| seen));
    }
}

#[test]
fn a_timeline_for_which_there_is_no_room_leaves_the_file_that_was_there() {
    let folder = TempDir::new().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=16k", "none"]).arg(&disk).stderr(Stdio::null());
    if !mount.status().is_ok_and(|status| status.success()) {
        return println!("skipped: file systems can't be mounted here");
    }
    let place = disk.join("t.json");
    std::fs::write(&place, "{}").unwrap();
    let context: AnyContext = format!("threads:2,timeline={}", place.display()).parse().unwrap();
    let (out, report) = pasha::map_report_in(&context, 0..3000_u64, |_, index, number| {
        if index % 3 == 0 {
            std::thread::sleep(Duration::from_micros(100));
        }
        number
    })
    .unwrap();
    let (left, names) = (std::fs::read(&place), std::fs::read_dir(&disk).unwrap().count());
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert_eq!((out[2999], names), (2999, 1));
    assert_eq!(left.unwrap(), b"{}");
    let told = report.to_string();
    assert!(told.contains("t.json") && told.contains("No space left"), "{told}");
}
