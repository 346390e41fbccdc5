//! A row's figures next to its goal.

use std::fmt;

use crate::common::duel::{Figures, Measured, Unit};
use crate::common::rows::{Goal, Row};

/// The head of the table.
pub(crate) const HEAD: &str = "| work | ours | peer | peer's | ratio | goal | |\n\
                               |---|--:|---|--:|--:|--:|---|\n";

/// One measured row.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) peer: &'static str,
    goal: Goal,
    measured: Result<Measured, String>,
}

impl Line {
    pub(crate) fn new(row: &Row, measured: Result<Measured, String>) -> Line {
        Line { name: row.name.clone(), peer: row.peer, goal: row.goal, measured }
    }

    /// What it came to, as a fraction of what it may come to; 1 and less is met.
    pub(crate) fn fraction_of_goal(&self) -> Option<f64> {
        let Measured { ours, peer, .. } = self.measured.as_ref().ok()?;
        let minimum = ours.minimum / peer.minimum;
        let median = ours.median / peer.median;
        match self.goal {
            Goal::Ratio(most, most_median) => Some((minimum / most).max(median / most_median)),
            Goal::Minimum(most) => Some(minimum / most),
            Goal::TimesFaster(least) => Some(minimum.max(median) * least),
            Goal::Median(most) => Some(ours.median / most.as_secs_f64()),
            Goal::MoreTime(most) => {
                Some((ours.minimum - peer.minimum).max(0.0) / most.as_secs_f64())
            }
            Goal::MoreMemory(most) => Some((ours.minimum - peer.minimum).max(0.0) / most),
            Goal::None => None,
        }
    }

    /// Whether the fastest times meet a goal that is one number.
    fn is_met_by_the_minimum(&self) -> bool {
        let Ok(Measured { ours, peer, .. }) = &self.measured else { return false };
        let minimum = ours.minimum / peer.minimum;
        match self.goal {
            Goal::Ratio(most, most_median) => most == most_median && minimum <= most,
            Goal::TimesFaster(least) => minimum * least <= 1.0,
            _ => false,
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::Ratio(minimum, median) if minimum == median => format!("≤ {minimum:.2}"),
            Goal::Ratio(minimum, median) => format!("≤ {minimum:.2} / {median:.2}"),
            Goal::Minimum(minimum) => format!("≤ {minimum:.2} (minimum)"),
            Goal::TimesFaster(least) => format!("≥ {least} times faster"),
            Goal::Median(most) => format!("≤ {} (median)", seconds(most.as_secs_f64())),
            Goal::MoreTime(most) => format!("≤ {} more", seconds(most.as_secs_f64())),
            Goal::MoreMemory(most) => format!("≤ {} more", bytes(most)),
            Goal::None => "–".to_owned(),
        }
    }

    fn ratio(&self, ours: Figures, peer: Figures) -> String {
        let (minimum, median) = (ours.minimum / peer.minimum, ours.median / peer.median);
        match self.goal {
            Goal::TimesFaster(_) => {
                format!("{:.1} / {:.1} times faster", 1.0 / minimum, 1.0 / median)
            }
            Goal::MoreTime(_) => format!("{} more", seconds(ours.minimum - peer.minimum)),
            Goal::MoreMemory(_) => format!("{} more", bytes(ours.minimum - peer.minimum)),
            _ => format!("{minimum:.3} / {median:.3}"),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { name, peer, .. } = self;
        let Measured { ours, peer: theirs, unit } = match &self.measured {
            Ok(measured) => *measured,
            Err(reason) => {
                return write!(
                    f,
                    "| {name} | – | {peer} | – | – | {} | skipped: {reason} |",
                    self.goal()
                );
            }
        };
        let verdict = match self.fraction_of_goal() {
            None => "",
            Some(fraction) if fraction <= 1.0 => "met",
            Some(_) if self.is_met_by_the_minimum() => "met by the minimum",
            Some(_) => "**missed**",
        };
        let both = |figures: Figures| match unit {
            Unit::Bytes => bytes(figures.minimum),
            Unit::Seconds => format!("{} / {}", seconds(figures.minimum), seconds(figures.median)),
        };
        let (ratio, goal) = (self.ratio(ours, theirs), self.goal());
        write!(
            f,
            "| {name} | {} | {peer} | {} | {ratio} | {goal} | {verdict} |",
            both(ours),
            both(theirs)
        )
    }
}

fn seconds(time: f64) -> String {
    match time.abs() {
        t if t < 1e-6 => format!("{:.0} ns", time * 1e9),
        t if t < 1e-3 => format!("{:.2} µs", time * 1e6),
        t if t < 1.0 => format!("{:.2} ms", time * 1e3),
        _ => format!("{time:.2} s"),
    }
}

fn bytes(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / f64::from(1 << 20))
}
