//! Progress on the standard error output: a bar on a terminal, lines in a log.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{DecimalBytes, ProgressBar, ProgressState, ProgressStyle};

use super::progress::{Teller, Watch};

/// How often a bar is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// Time between two lines in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Draws a bar, if the standard error output is a terminal, and else writes lines.
pub(crate) fn progress_bar() -> Watch {
    let begin = |len| match std::io::stderr().is_terminal() {
        true => bar(len),
        false => lines(BETWEEN_LINES, std::io::stderr()),
    };
    Watch::new(EVERY, begin)
}

fn bar(len: usize) -> Teller {
    let bar = ProgressBar::new(len as u64);
    let style = "{wide_bar} {human_pos}/{human_len} items{msg}, {rate}{prefix}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        // indicatif's own rate has up to four decimals, so that what is behind it moves.
        let rate = |state: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = write!(to, "{:.1}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
    }
    Box::new(move |progress| {
        if progress.failed > 0 {
            bar.set_message(format!(", {} failed", progress.failed));
        }
        if let Some(rate) = progress.bytes_per_second() {
            bar.set_prefix(format!(", {}/s", DecimalBytes(rate as u64)));
        }
        bar.set_position(progress.finished as u64);
        if progress.is_last {
            bar.finish_and_clear();
        }
    })
}

/// Writes a line now and then, and one at the end of a map that has had others.
fn lines(between: Duration, mut to: impl Write + Send + 'static) -> Teller {
    let mut next = between;
    Box::new(move |progress| {
        let is_due = progress.elapsed >= next || progress.is_last && next > between;
        if is_due {
            next = progress.elapsed + between;
            // A line that can't be written is left out.
            let _ = writeln!(to, "pasha: {progress}");
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::progress::Progress;
    use super::*;

    /// A log that can be looked at.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn log_of(looks: &[(u64, usize, bool)]) -> String {
        let log = Log::default();
        let mut tell = lines(Duration::from_secs(10), log.clone());
        for &(seconds, finished, is_last) in looks {
            let elapsed = Duration::from_secs(seconds);
            let item_bytes = None;
            tell(Progress {
                finished,
                len: 100,
                failed: 0,
                before: 0,
                elapsed,
                item_bytes,
                is_last,
            });
        }
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_log_gets_a_line_now_and_then_and_one_at_the_end() {
        assert_eq!(log_of(&[(1, 10, false), (9, 90, false), (10, 100, true)]).lines().count(), 1);
        assert_eq!(log_of(&[(1, 10, false), (9, 100, true)]), "");
        let log = log_of(&[(5, 5, false), (10, 10, false), (15, 15, false), (30, 30, true)]);
        let lines: Vec<&str> = log.lines().collect();
        assert!(
            lines[0].starts_with("pasha: 10 of 100 items (10 %), 1.0/s, 2 minutes left"),
            "{log}"
        );
        assert!(lines[1].starts_with("pasha: 30 of 100 items (30 %)"), "{log}");
        assert_eq!(lines.len(), 2, "{log}");
    }
}
