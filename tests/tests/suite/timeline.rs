//! Timelines: what is told of each worker, the picture, and the file for Perfetto.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pasha::{AnyContext, Report, Span, SpanKind, Timeline};
use pasha_tests::ranks::{on_ranks, ran_alone};
use pasha_tests::{nanoseconds, shared_counters};
use serde_json::Value;

/// All built-in contexts, with a timeline and what else is said.
fn contexts(more: &str) -> Vec<AnyContext> {
    ["serial", "threads:3", "processes:3", "processes:2,static_split"]
        .into_iter()
        .map(|context| format!("{context},timeline{more}").parse().unwrap())
        .collect()
}

/// Takes its time: gives how many nanoseconds it took, on its own clock, and who ran it.
#[pasha::kernel]
fn rest(milliseconds: u64, #[worker_id] worker: usize, #[reduce(sum)] sum: &mut u64) -> [u64; 2] {
    let begun = nanoseconds();
    std::thread::sleep(Duration::from_millis(milliseconds));
    *sum += milliseconds;
    [nanoseconds() - begun, worker as u64]
}

fn rows(timeline: &Timeline) -> BTreeMap<usize, Vec<&Span>> {
    let mut rows: BTreeMap<usize, Vec<&Span>> = BTreeMap::new();
    for span in timeline.spans() {
        rows.entry(span.worker_id()).or_default().push(span);
    }
    rows
}

/// Checks what holds of each timeline: every moment of each worker is in one span, from the
/// beginning of the map on.
fn check(report: &Report) -> &Timeline {
    let timeline = report.timeline().expect("the context has a timeline");
    let rows = rows(timeline);
    assert_eq!(rows.len(), report.workers.len());
    for spans in rows.values() {
        assert_eq!(spans[0].begin(), Duration::ZERO);
        assert!(spans.iter().all(|span| span.begin() <= span.end()));
        assert!(spans.windows(2).all(|pair| pair[0].end() == pair[1].begin()), "{spans:?}");
        let all: Duration = spans.iter().map(|span| span.duration()).sum();
        assert_eq!(all, spans.last().unwrap().end());
        assert!(all <= timeline.wall_time());
    }
    timeline
}

#[test]
fn every_item_is_in_a_span_of_its_worker_that_took_at_least_as_long() {
    for context in contexts("") {
        // Long ones are spans of their own, and short ones share them.
        let times: Vec<u64> = (0..120).map(|index| u64::from(index % 10 == 3) * 2).collect();
        let (out, report) = rest::run_report_in(&context, &times).unwrap();
        let timeline = check(&report);
        let mut found = BTreeMap::new();
        for span in timeline.spans().filter(|span| span.kind() == SpanKind::Items) {
            assert!(!span.is_failed() && !span.is_retry() && span.parts() == 1);
            let own = span.indices().map(|index| Duration::from_nanos(out.result[[index, 0]]));
            assert!(span.duration() >= own.sum(), "{context:?}: {span}");
            for index in span.indices() {
                assert_eq!(out.result[[index, 1]], span.worker_id() as u64);
                assert!(found.insert(index, span).is_none(), "{index} is told twice");
            }
        }
        assert!(found.keys().copied().eq(0..120), "{context:?}");
        for worker in &report.workers {
            let slept: u64 = (0..120)
                .filter(|&index| out.result[[index, 1]] == worker.worker_id as u64)
                .map(|index| times[index])
                .sum();
            let share = timeline.busy_share(worker.worker_id);
            let busy = timeline.wall_time().mul_f64(share) + Duration::from_micros(1);
            assert!(busy >= Duration::from_millis(slept) && share <= 1.0);
        }
        assert!(timeline.tail() <= timeline.wall_time());
        assert_eq!((timeline.merged(), timeline.busy_share(99)), (0, 0.0));
    }
}

#[test]
fn the_item_that_slept_longest_is_the_slowest() {
    for context in contexts("") {
        let times: Vec<u64> = (0..40).map(|index| if index == 13 { 1000 } else { 1 }).collect();
        let (_, report) = rest::run_report_in(&context, &times).unwrap();
        let slowest = check(&report).slowest(10);
        assert_eq!((slowest.len(), slowest[0].indices()), (10, 13..14), "{context:?}");
        assert!(slowest[0].duration() >= Duration::from_millis(1000));
        assert!(slowest.windows(2).all(|pair| pair[0].duration() >= pair[1].duration()));
    }
}

#[test]
fn where_items_are_timed_the_slowest_of_a_block_is_told_alone() {
    for context in contexts(",item_timeout=1h") {
        let times: Vec<u64> = (0..20_000).map(|index| u64::from(index == 9_000) * 400).collect();
        let (_, report) = pasha::map_report_in(&context, &times, |_, index, &time| {
            if time > 0 {
                std::thread::sleep(Duration::from_millis(time));
            }
            index
        })
        .unwrap();
        let timeline = check(&report);
        let slowest = timeline.slowest(5);
        let slow = slowest.iter().find(|span| span.indices() == (9_000..9_001));
        assert!(slow.unwrap().duration() >= Duration::from_millis(400), "{context:?}");
        let items = timeline.spans().filter(|span| span.kind() == SpanKind::Items);
        let told: usize = items.map(|span| span.indices().len()).sum();
        assert_eq!(told, 20_000);
    }
}

#[test]
fn quick_blocks_are_told_together_and_a_slow_item_with_its_block_alone() {
    const ITEMS: usize = 3_000_000;
    const SLOW: usize = 2_000_001;
    for context in contexts("") {
        let (_, report) = pasha::map_report_in(&context, 0..ITEMS, |_, _, index| {
            if index == SLOW {
                std::thread::sleep(Duration::from_millis(400));
            }
            index.is_multiple_of(7)
        })
        .unwrap();
        let timeline = check(&report);
        let mut told: Vec<_> = timeline
            .spans()
            .filter(|span| span.kind() == SpanKind::Items)
            .map(pasha::Span::indices)
            .collect();
        told.sort_by_key(|indices| indices.start);
        assert_eq!((told[0].start, told.last().unwrap().end), (0, ITEMS));
        assert!(told.windows(2).all(|pair| pair[0].end == pair[1].start), "{context:?}: {told:?}");
        let slowest = timeline.slowest(1)[0];
        let indices = slowest.indices();
        assert!(indices.contains(&SLOW) && slowest.duration() >= Duration::from_millis(400));
        assert!(indices.len() <= 32 * 1024, "{context:?}: no other block is in it: {slowest}");
    }
}

#[test]
fn without_a_timeline_nothing_is_told() {
    for context in ["serial", "threads:2", "processes:2", "serial,timeline=false"] {
        let context: AnyContext = context.parse().unwrap();
        let (_, report) = pasha::map_report_in(&context, 0..10, |_, index, _| index).unwrap();
        assert!(report.timeline().is_none());
    }
}

#[test]
fn failed_items_are_marked_and_those_tried_again_have_two_spans() {
    for context in contexts(",retry=1,skip=5") {
        let calls = shared_counters(60);
        let (_, report) = pasha::try_map_report_in(&context, 0..60, |_, index, _| {
            std::thread::sleep(Duration::from_millis(u64::from(index % 7 == 0)));
            let call = calls[index].fetch_add(1, Ordering::Relaxed);
            match (index, call) {
                (20, _) | (41, 0) => Err("no beam"),
                _ => Ok(index),
            }
        })
        .unwrap();
        let timeline = check(&report);
        let of = |index: usize| -> Vec<(bool, bool)> {
            let spans = timeline.spans().filter(|span| span.indices().contains(&index));
            spans.map(|span| (span.is_failed(), span.is_retry())).collect()
        };
        assert_eq!(of(20), [(true, false), (true, true)], "{context:?}");
        assert_eq!(of(41), [(true, false), (false, true)], "{context:?}");
        let failed = timeline.spans().filter(|span| span.is_failed());
        // It is the last of a block that fails, and what came behind it was not begun.
        let last: BTreeSet<usize> = failed.map(|span| span.indices().end - 1).collect();
        assert_eq!(last, BTreeSet::from([20, 41]), "{context:?}");
        assert!(timeline.to_svg().contains("3 failures"));
    }
}

#[test]
fn what_is_run_once_more_for_no_failure_of_its_own_is_no_retry() {
    // Workers that have had their share of items are replaced.
    let context: AnyContext = "processes:2,timeline,worker_lifespan=10".parse().unwrap();
    let (_, report) = rest::run_report_in(&context, &vec![0; 60]).unwrap();
    assert_eq!(report.retried, 0);
    assert!(check(&report).spans().all(|span| !span.is_retry()));

    // What an item that fails has left in the accumulators is undone, with what came before it.
    #[pasha::kernel]
    fn sum(value: u64, #[reduce(sum)] total: &mut u64) -> Result<u64, String> {
        std::thread::sleep(Duration::from_micros(300));
        *total += value;
        if value == 20 { Err("no beam".to_owned()) } else { Ok(value) }
    }
    for context in contexts(",skip=5") {
        let (out, report) = sum::run_report_in(&context, 0..40_u64).unwrap();
        assert_eq!((out.total, report.retried), ((0..40).sum::<u64>() - 20, 0), "{context:?}");
        let timeline = report.timeline().unwrap();
        assert!(timeline.spans().all(|span| !span.is_retry()), "{context:?}");
        assert!(!timeline.to_svg().contains("again"), "{context:?}");
    }
}

#[test]
fn all_that_a_worker_does_has_its_kind() {
    #[pasha::kernel]
    fn sum(value: u64, #[scratch(Vec::new())] seen: &mut Vec<u64>, #[reduce(sum)] total: &mut u64) {
        seen.push(value);
        *total += value;
    }
    for context in contexts(",skip=1") {
        let (_, report) = sum::run_report_in(&context, 0..50_000).unwrap();
        let kinds: BTreeSet<SpanKind> = check(&report).spans().map(Span::kind).collect();
        let expected = [
            SpanKind::Starting,
            SpanKind::Opening,
            SpanKind::Scratch,
            SpanKind::Claiming,
            SpanKind::Items,
            SpanKind::Checkpoint,
            SpanKind::Closing,
        ];
        assert!(expected.iter().all(|kind| kinds.contains(kind)), "{context:?}: {kinds:?}");
    }
    let context = pasha::ThreadContext::new(2).unwrap().timeline(true).on_worker_start(|_| {});
    let (_, report) = sum::run_report_in(&context, 0..100).unwrap();
    assert!(check(&report).spans().any(|span| span.kind() == SpanKind::Hook));
    let context = pasha::ProcessContext::new(2).unwrap().timeline(true);
    let (_, report) =
        pasha::map_report_in(&context, 0..2_000_000, |_, index, _| index as f64).unwrap();
    let made = report.huge_pages.made + report.huge_pages.refused > 0;
    let first_writes = check(&report).spans().filter(|span| span.kind() == SpanKind::FirstWrite);
    assert_eq!(first_writes.count() > 0, made);
}

#[test]
fn where_there_is_no_room_for_all_spans_the_slowest_are_still_told() {
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = format!("{context},timeline,share=1").parse().unwrap();
        let slow = [5, 11_111, 29_990];
        let (out, report) = pasha::map_report_in(&context, 0..30_000, |_, index, _| {
            let begun = nanoseconds();
            if slow.contains(&index) {
                std::thread::sleep(Duration::from_millis(200));
            }
            nanoseconds() - begun
        })
        .unwrap();
        let timeline = check(&report);
        assert!(timeline.merged() > 10_000, "{context:?}");
        let mut seen = vec![false; 30_000];
        for spans in rows(timeline).into_values() {
            assert!(spans.len() <= 4096);
            let items = spans.into_iter().filter(|span| !span.indices().is_empty());
            items.for_each(|span| seen[span.indices()].fill(true));
        }
        assert!(seen.into_iter().all(|seen| seen));
        let told = timeline.slowest(50);
        for index in slow {
            let span = told.iter().find(|span| span.indices() == (index..index + 1)).unwrap();
            assert!(span.duration() >= Duration::from_nanos(out[index]), "{context:?}: {span}");
        }
        assert!(timeline.to_string().contains("spans were merged into others"));
        assert!(timeline.to_svg().len() < 2_000_000);
    }
}

/// A map with a failure, a retry and a slow item.
fn eventful() -> Report {
    let context: AnyContext = "threads:2,timeline,retry=1,skip=5".parse().unwrap();
    let calls = AtomicU64::new(0);
    let (_, report) = pasha::try_map_report_in(&context, 0..50, |_, index, _| {
        std::thread::sleep(Duration::from_millis(if index == 17 { 100 } else { 1 }));
        match index {
            30 => Err("no <beam> & no \"light\""),
            31 if calls.fetch_add(1, Ordering::Relaxed) == 0 => Err("once"),
            _ => Ok(index),
        }
    })
    .unwrap();
    report
}

#[test]
fn the_picture_is_xml_and_tells_workers_times_failures_and_the_slowest() {
    let report = eventful();
    let timeline = check(&report);
    let svg = timeline.to_svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    let texts: Vec<&str> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .filter_map(|node| node.text())
        .collect();
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    assert!(has("50 items in") && has("on 2 workers, tail") && has("3 failures"), "{texts:?}");
    assert!(has("worker 0: busy ") && has("worker 1: busy "));
    assert!(has("time since the map began, in ms"));
    assert!(has("items") && has("failed") && has("tried again"));
    // The ten slowest are numbered in the rows, and listed with their times.
    let listed: Vec<&&str> = texts.iter().filter(|text| text.contains(" on worker ")).collect();
    assert_eq!(listed.len(), 10, "{listed:?}");
    assert!(listed[0].starts_with("1. item 17: "), "{listed:?}");
    assert!((1..=10).all(|number| texts.contains(&&*number.to_string())));
    let titles: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
        .filter_map(|node| node.text())
        .collect();
    let failed = titles.iter().filter(|title| title.ends_with("failed"));
    assert_eq!(failed.count(), 3, "{titles:?}");
    // Everything lies within the picture.
    let number = |node: roxmltree::Node<'_, '_>, name: &str| -> f64 {
        node.attribute(name).unwrap().trim_end_matches('%').parse().unwrap()
    };
    let (width, height) = (number(root, "width"), number(root, "height"));
    for node in document.descendants().filter(|node| node.has_attribute("x")) {
        let (x, y) = (number(node, "x"), number(node, "y"));
        let right = node.attribute("width").map_or(x, |_| x + number(node, "width"));
        assert!((0.0..=width).contains(&x) && right <= width && (0.0..=height).contains(&y));
    }
}

#[test]
fn the_trace_is_of_the_format_that_perfetto_reads() {
    let report = eventful();
    let timeline = check(&report);
    let trace: Value = serde_json::from_str(&timeline.to_trace_json()).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ms");
    let events = trace["traceEvents"].as_array().unwrap();
    let mut names = BTreeMap::new();
    let mut spans = 0;
    let mut ends: BTreeMap<u64, f64> = BTreeMap::new();
    for event in events {
        let (pid, tid) = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        let name = event["name"].as_str().unwrap();
        assert_eq!(pid, 1);
        match event["ph"].as_str().unwrap() {
            "M" if name == "thread_name" => {
                names.insert(tid, event["args"]["name"].as_str().unwrap().to_owned());
            }
            "M" if name == "process_name" => {
                assert_eq!(event["args"]["name"], "map over 50 items");
            }
            "M" => assert_eq!(
                (name, event["args"]["sort_index"].as_u64()),
                ("thread_sort_index", Some(tid))
            ),
            "X" => {
                let (ts, dur) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                let before = ends.insert(tid, ts + dur).unwrap_or(0.0);
                // Complete events of one thread must not overlap, but for rounding.
                assert!(dur >= 0.0 && ts + 0.002 >= before, "{event} begins before {before}");
                assert!(event["cat"].is_string());
                spans += 1;
            }
            other => panic!("events of the kind {other} were not asked for"),
        }
    }
    assert_eq!(names[&1], "worker 0");
    assert_eq!((names[&2].as_str(), names[&3].as_str()), ("worker 1", "caller"));
    assert_eq!(spans, timeline.spans().count() + 1);
    let slow = events.iter().find(|event| event["name"] == "item 17").unwrap();
    assert!(slow["dur"].as_f64().unwrap() >= 100_000.0, "microseconds");
    let failed = events.iter().filter(|event| event["args"]["failed"] == true);
    assert!(failed.clone().all(|event| event["cat"] == "failed"));
    assert_eq!(failed.count(), 3);
}

#[test]
fn the_ending_says_the_format_and_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let report = eventful();
    let timeline = report.timeline().unwrap();
    let (svg, json) = (folder.path().join("a.svg"), folder.path().join("b.json"));
    timeline.write(&svg).unwrap();
    timeline.write(&json).unwrap();
    assert_eq!(std::fs::read_to_string(svg).unwrap(), timeline.to_svg());
    assert_eq!(std::fs::read_to_string(json).unwrap(), timeline.to_trace_json());
    let error = timeline.write(folder.path().join("c.png")).unwrap_err().to_string();
    assert!(error.contains("c.png") && error.contains(".svg") && error.contains(".json"));
    let error = timeline.write(folder.path().join("none/a.svg")).unwrap_err();
    assert!(matches!(error, pasha::Error::File { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_file_that_is_asked_for_by_word_is_written_after_each_map_also_a_failed_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.svg");
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = format!("{context},timeline={}", path.display()).parse().unwrap();
        let written = || {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            roxmltree::Document::parse(&text).unwrap();
            text
        };
        rest::run_in(&context, &[0, 1, 2]).unwrap();
        assert!(written().contains(">3 items in "));
        pasha::map_in(&context, 0..7, |_, index, _| index).unwrap();
        assert!(written().contains(">7 items in "));
        let (_, report) = rest::run_report_in(&context, &[0, 1]).unwrap();
        assert_eq!(written(), report.timeline().unwrap().to_svg());
        let failing = |_, index, _| if index == 5 { Err("no beam") } else { Ok(index) };
        pasha::try_map_in(&context, 0..100, failing).unwrap_err();
        let text = written();
        assert!(text.contains("1 failure<"), "{text}");
        assert!(text.contains("item 5: ") || text.contains("item 5 failed"), "{text}");
    }
}

#[test]
fn the_block_in_which_a_worker_hung_until_it_was_killed_is_told() {
    const HUNG: usize = 11_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.json");
    let words = format!("processes:2,deadline=1s,stop_within=100ms,timeline={}", path.display());
    let context: AnyContext = words.parse().unwrap();
    let hangs = |_, index, _| {
        if index == HUNG {
            std::thread::sleep(Duration::from_secs(600));
        }
        index % 7
    };
    pasha::map_in(&context, 0..3_000_000, hangs).unwrap_err();
    let trace: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let longest = trace["traceEvents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["args"]["first"].is_u64())
        .max_by(|a, b| a["dur"].as_f64().unwrap().total_cmp(&b["dur"].as_f64().unwrap()))
        .unwrap();
    let args = &longest["args"];
    let told = args["first"].as_u64().unwrap()..=args["last"].as_u64().unwrap();
    assert!(told.contains(&(HUNG as u64)), "{longest}");
}

#[test]
fn a_file_that_can_not_be_opened_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("t.json");
    let called = shared_counters(1);
    for context in ["serial", "threads:2", "processes:2"] {
        let context: AnyContext = format!("{context},timeline={}", path.display()).parse().unwrap();
        let error = pasha::map_in(&context, 0..7, |_, _, _| {
            called[0].fetch_add(1, Ordering::Relaxed) as usize
        })
        .unwrap_err();
        assert!(matches!(error, pasha::Error::File { .. }), "{error}");
        assert!(error.to_string().contains("none/t.json"), "{error}");
    }
    assert_eq!(called[0].load(Ordering::Relaxed), 0);
}

#[test]
fn blocks_that_end_early_tell_what_they_ran() {
    for context in ["serial", "threads:3", "processes:2"] {
        let context: AnyContext = format!("{context},timeline,deadline=1h").parse().unwrap();
        let (_, report) = pasha::map_report_in(&context, 0..100_000_u64, |_, index, number| {
            if index == 37_777 {
                std::thread::sleep(Duration::from_millis(20));
            }
            number
        })
        .unwrap();
        let timeline = check(&report);
        let mut items = vec![0_u8; 100_000];
        for span in timeline.spans() {
            span.indices().for_each(|index| items[index] += 1);
        }
        assert!(items.iter().all(|&times| times == 1), "{context:?}");
        assert!(timeline.slowest(1)[0].indices().contains(&37_777));
    }
}

#[test]
fn over_several_ranks_the_first_tells_of_all_workers() {
    if ran_alone(&|| ()) {
        return;
    }
    let local = |rank| -> AnyContext {
        match rank {
            0 => "threads:2,timeline".parse().unwrap(),
            1 => "processes:2,timeline".parse().unwrap(),
            _ => "serial,timeline".parse().unwrap(),
        }
    };
    on_ranks(3, local, |context| {
        let times: Vec<u64> = (0..60).map(|index| if index == 13 { 300 } else { 3 }).collect();
        let (out, report) = rest::run_report_in(&context, &times).unwrap();
        if pasha::Context::rank(&context) > 0 {
            assert!(report.timeline().is_none());
            return;
        }
        let timeline = report.timeline().unwrap();
        let ids: Vec<usize> = rows(timeline).into_keys().collect();
        assert_eq!(ids, [0, 1, 2, 3, 4]);
        assert_eq!(timeline.slowest(1)[0].indices(), 13..14);
        let mut seen = BTreeSet::new();
        for span in timeline.spans().filter(|span| span.kind() == SpanKind::Items) {
            for index in span.indices() {
                assert_eq!(out.result[[index, 1]], span.worker_id() as u64);
                assert!(seen.insert(index));
            }
        }
        assert_eq!(seen.len(), 60);
        assert!(timeline.to_svg().contains("worker 3 on node-1"));
    });
}

#[test]
fn ranks_of_which_only_some_have_a_timeline_are_refused() {
    if ran_alone(&|| ()) {
        return;
    }
    let local = |rank| -> AnyContext {
        if rank == 0 { "serial,timeline" } else { "serial" }.parse().unwrap()
    };
    on_ranks(2, local, |context| {
        let error = pasha::map_in(&context, 0..10, |_, index, _| index).unwrap_err();
        assert!(error.to_string().contains("`timeline` is true"), "{error}");
    });
}

#[test]
fn the_last_worker_ends_with_the_map_and_none_later() {
    for context in ["serial,timeline", "threads:2,timeline", "processes:2,timeline"] {
        let context: pasha::AnyContext = context.parse().unwrap();
        for len in [0, 1, 20_000_usize] {
            let (_, report) = pasha::map_report_in(&*context, 0..len, |_, _, n| n).unwrap();
            let ends = report.timeline().unwrap().spans().map(|span| span.end());
            let last = ends.max();
            // Where there is nothing to do no worker need have begun.
            assert!(last == Some(report.wall_time) || (len == 0 && last.is_none()), "{context:?}");
        }
    }
}
