//! Axes: where the ticks are, what they say, and how values become positions.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// How values are spread over an axis or a colour bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps for equal differences.
    #[default]
    Linear,
    /// Equal steps for equal ratios; values that are not positive have no place.
    Log,
}

impl Scale {
    /// The value on a scale where distances are what they are in the picture.
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        }
    }

    /// Whether a value has a place on the scale.
    pub(super) fn has(self, value: f64) -> bool {
        value.is_finite() && (self == Scale::Linear || value > 0.0)
    }
}

/// An axis with its ticks chosen: labelled (major) ones and plain (minor) ones.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    scale: Scale,
    range: Range<f64>,
    major: Vec<f64>,
    minor: Vec<f64>,
    labels: Labels,
}

/// How the numbers at the ticks are written.
#[derive(Clone, Copy, Debug)]
enum Labels {
    /// With this many decimals.
    Decimals(usize),
    /// With as many decimals as each needs.
    Shortest,
    /// As mantissa times a power of ten, the mantissa with this many decimals.
    Powers(usize),
}

impl Axis {
    /// An axis over exactly this range, whose start may lie above its end, with about
    /// `max_ticks` labelled ticks.
    pub(super) fn new(label: &str, scale: Scale, range: Range<f64>, max_ticks: usize) -> Self {
        let (low, high) = (range.start.min(range.end), range.start.max(range.end));
        // A range without a width has no scale: give it one.
        let (low, high) = match scale {
            _ if low < high => (low, high),
            Scale::Linear => (low - 0.5, high + 0.5),
            Scale::Log => (low / 2.0, high * 2.0),
        };
        let range = if range.start > range.end { high..low } else { low..high };
        let (major, minor, labels) = match scale {
            Scale::Log => log_ticks(low, high, max_ticks),
            Scale::Linear => linear_ticks(low, high, max_ticks),
        };
        Axis { label: label.to_owned(), scale, range, major, minor, labels }
    }

    /// An axis with a margin around the smallest and largest of `values` that have a place on it.
    pub(super) fn around(
        label: &str,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
        max_ticks: usize,
    ) -> Self {
        let (low, high) = extent(values, scale);
        let margin = 0.05 * (scale.apply(high) - scale.apply(low));
        let range = match scale {
            Scale::Linear => low - margin..high + margin,
            Scale::Log => low / 10_f64.powf(margin)..high * 10_f64.powf(margin),
        };
        Axis::new(label, scale, range, max_ticks)
    }

    /// Whether a value has a place on this axis' scale.
    pub(super) fn has(&self, value: f64) -> bool {
        self.scale.has(value)
    }

    /// The values at the ticks that have numbers.
    pub(super) fn major(&self) -> &[f64] {
        &self.major
    }

    /// The lower end of the axis.
    pub(super) fn low(&self) -> f64 {
        self.range.start.min(self.range.end)
    }

    /// The upper end of the axis.
    pub(super) fn high(&self) -> f64 {
        self.range.start.max(self.range.end)
    }
}

/// The smallest and the largest of the values that have a place on the scale.
pub(super) fn extent(values: impl IntoIterator<Item = f64>, scale: Scale) -> (f64, f64) {
    let (low, high) = values
        .into_iter()
        .filter(|&value| scale.has(value))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    // Nothing to show: any range does.
    if low > high { (1.0, 10.0) } else { (low, high) }
}

/// The multiples of `step` within the range.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let slack = 1e-9 * (high - low);
    let (first, last) =
        (((low - slack) / step).ceil() as i64, ((high + slack) / step).floor() as i64);
    (first..=last).map(|count| count as f64 * step).collect()
}

fn linear_ticks(low: f64, high: f64, max_ticks: usize) -> (Vec<f64>, Vec<f64>, Labels) {
    let coarse = (high - low) / max_ticks.max(1) as f64;
    let power = 10_f64.powf(coarse.log10().floor());
    // The smallest of the round steps that gives few enough ticks; and the fifth or quarter of it.
    let (round, parts) = [(1.0, 5.0), (2.0, 4.0), (5.0, 5.0), (10.0, 5.0)]
        .into_iter()
        .find(|(round, _)| round * power >= coarse * (1.0 - 1e-9))
        .unwrap_or((10.0, 5.0));
    let step = round * power;
    let digits = |step: f64| (-step.log10().floor()).max(0.0) as usize;
    let largest = low.abs().max(high.abs());
    let labels = if !(1e-3..1e5).contains(&largest) {
        Labels::Powers(digits(step / 10_f64.powf(largest.log10().floor())))
    } else {
        Labels::Decimals(digits(step * (1.0 + 1e-9)))
    };
    (multiples(low, high, step), multiples(low, high, step / parts), labels)
}

fn log_ticks(low: f64, high: f64, max_ticks: usize) -> (Vec<f64>, Vec<f64>, Labels) {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |value: &f64| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value);
    let ticks = |mantissas: &[f64]| -> Vec<f64> {
        (first..=last)
            .flat_map(|power| mantissas.iter().map(move |mantissa| mantissa * 10_f64.powi(power)))
            .filter(within)
            .collect()
    };
    let decades = ticks(&[1.0]);
    let minor = ticks(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    if decades.len() >= 3 {
        let every = decades.len().div_ceil(max_ticks.max(1));
        let minor = if every > 1 { decades.clone() } else { minor };
        return (decades.into_iter().step_by(every).collect(), minor, Labels::Powers(0));
    }
    let labels = if high >= 1e5 || low < 1e-3 { Labels::Powers(0) } else { Labels::Shortest };
    // Few decades: label round values in between, as many as there is room for.
    for mantissas in [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0][..], &[1.0, 2.0, 5.0], &[1.0, 3.0]] {
        let major = ticks(mantissas);
        if (3..=max_ticks).contains(&major.len()) {
            return (major, minor, labels);
        }
    }
    linear_ticks(low, high, max_ticks)
}

/// A number at a tick, as physicists write it: `0.25`, `10³`, `2.5×10⁸`, with a true minus sign.
fn format_number(value: f64, labels: Labels) -> String {
    let text = match labels {
        _ if value == 0.0 => "0".to_owned(),
        Labels::Decimals(decimals) => format!("{value:.decimals$}"),
        // The ticks are products of powers of ten: round off what these are not exact by.
        Labels::Shortest => {
            let digits = (3.0 - value.abs().log10().floor()).max(0.0);
            let unit = 10_f64.powf(digits);
            format!("{}", (value * unit).round() / unit)
        }
        Labels::Powers(decimals) => {
            let power = (value.abs() * (1.0 + 1e-9)).log10().floor();
            let mantissa = value / 10_f64.powf(power);
            let power = superscript(power as i32);
            if decimals == 0 && (mantissa - 1.0).abs() < 1e-6 {
                format!("10{power}")
            } else {
                format!("{mantissa:.decimals$}×10{power}")
            }
        }
    };
    text.replace('-', "−")
}

/// An integer in raised digits.
fn superscript(number: i32) -> String {
    let raised = |digit: char| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(raised).collect()
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let [start, end, value] =
            [self.range.start, self.range.end, *value].map(|value| self.scale.apply(value));
        let part = (value - start) / (end - start);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { self.minor.clone() } else { self.major.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        format_number(*value, self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(scale: Scale, range: Range<f64>, max_ticks: usize) -> Vec<String> {
        let axis = Axis::new("", scale, range, max_ticks);
        axis.major.iter().map(|tick| axis.format_ext(tick)).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(
            written(Scale::Linear, 0.0..1.46, 8),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2", "1.4"]
        );
        assert_eq!(written(Scale::Linear, 195.0..0.0, 5), ["0", "50", "100", "150"]);
        assert_eq!(written(Scale::Linear, -1.0..1.0, 4), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(written(Scale::Linear, 0.0..5e8, 3), ["0", "2×10⁸", "4×10⁸"]);
    }

    #[test]
    fn log_ticks_are_decades_or_round_values_between() {
        assert_eq!(written(Scale::Log, 0.05..2e3, 9), ["10⁻¹", "10⁰", "10¹", "10²", "10³"]);
        assert_eq!(
            written(Scale::Log, 2300.0..11400.0, 8),
            ["3000", "4000", "5000", "6000", "8000", "10000"]
        );
        assert_eq!(written(Scale::Log, 0.04..1.7, 5), ["0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(written(Scale::Log, 1.02..1.18, 4), ["1.05", "1.10", "1.15"]);
    }

    #[test]
    fn an_empty_range_gets_a_width() {
        assert!(!written(Scale::Linear, 3.0..3.0, 5).is_empty());
        assert!(!written(Scale::Log, 3.0..3.0, 5).is_empty());
    }
}
