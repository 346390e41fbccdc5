//! The trace event format of Chrome.
//!
//! It is described in the document "Trace Event Format" of the Chromium project. Perfetto,
//! chrome://tracing and speedscope read it.

use std::fmt::Write;

use super::rows::TimelineRows;
use super::span::{Span, SpanKind};

/// The number of the process: to Perfetto, 0 is none.
const PROCESS: usize = 1;

/// All spans as complete events (`"ph":"X"`), with the workers as threads.
pub(super) fn json(map: &TimelineRows) -> String {
    let mut events = Vec::new();
    events.push(named("process_name", 0, &format!("map over {} items", map.len)));
    for row in &map.rows {
        let thread = thread_of(row.worker_id);
        events.push(named("thread_name", thread, &row.name()));
        events.push(sorted(thread));
        events.extend(row.spans.iter().map(complete));
    }
    if !map.finishing.is_zero() {
        let thread = map.rows.iter().map(|row| thread_of(row.worker_id)).max().unwrap_or(0) + 1;
        events.push(named("thread_name", thread, "caller"));
        events.push(sorted(thread));
        let begin = map.wall_time.as_nanos() as u64;
        let took = map.finishing.as_nanos() as u64;
        events.push(event("finishing", "caller", begin, took, thread, ""));
    }
    let events = events.join(",\n");
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{events}\n]}}\n")
}

fn thread_of(worker_id: usize) -> usize {
    worker_id + 1
}

/// An event that names a process or a thread.
fn named(what: &str, thread: usize, name: &str) -> String {
    let name = quoted(name);
    format!(
        "{{\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{PROCESS},\"tid\":{thread},\
         \"args\":{{\"name\":{name}}}}}"
    )
}

/// An event that says at which place a thread is shown.
fn sorted(thread: usize) -> String {
    format!(
        "{{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":{PROCESS},\"tid\":{thread},\
         \"args\":{{\"sort_index\":{thread}}}}}"
    )
}

fn complete(span: &Span) -> String {
    let name = format!("{}{}", span.name(), span.remark());
    let category = if span.is_failed { "failed" } else { span.kind.name() };
    let mut more = String::new();
    let mut add = |text: std::fmt::Arguments<'_>| {
        // A `String` takes all that is written.
        let _ = more.write_fmt(text);
    };
    add(format_args!(",\"args\":{{\"kind\":\"{}\"", span.kind.name()));
    if span.kind == SpanKind::Items {
        add(format_args!(",\"first\":{},\"last\":{}", span.first, span.until.saturating_sub(1)));
    }
    add(format_args!(",\"failed\":{},\"retry\":{}", span.is_failed, span.is_retry));
    add(format_args!(",\"spans\":{}}}", span.parts));
    if span.is_failed {
        add(format_args!(",\"cname\":\"terrible\""));
    }
    event(&name, category, span.begin, span.took(), thread_of(span.worker_id), &more)
}

fn event(name: &str, category: &str, begin: u64, took: u64, thread: usize, more: &str) -> String {
    let (name, category) = (quoted(name), quoted(category));
    let (begin, took) = (microseconds(begin), microseconds(took));
    format!(
        "{{\"ph\":\"X\",\"name\":{name},\"cat\":{category},\"ts\":{begin},\"dur\":{took},\
         \"pid\":{PROCESS},\"tid\":{thread}{more}}}"
    )
}

/// Microseconds, which the format counts, with three digits behind the point.
fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000)
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            sign if sign < ' ' => quoted.extend(format!("\\u{:04x}", sign as u32).chars()),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_times_are_exact() {
        assert_eq!(quoted("a \"b\" \\ \n"), r#""a \"b\" \\ \u000a""#);
        assert_eq!(microseconds(1_002_003), "1002.003");
    }
}
