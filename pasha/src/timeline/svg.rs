//! A picture of a map: workers as rows, time to the right, the slowest items numbered and listed.

use std::fmt::Write;
use std::time::Duration;

use super::coarse::coarsen;
use super::rows::{Row, TimelineRows};
use super::span::{Span, SpanKind};

const WIDTH: f64 = 1200.0;
/// Where the time ends.
const RIGHT: f64 = 1180.0;
/// Where the first row begins.
const TOP: f64 = 84.0;
/// The slowest items that are numbered and listed.
const LISTED_ITEMS: usize = 10;
/// Rectangles of all rows together, so that the file stays small, and of a row at least: more than
/// this can't be told apart.
const RECTANGLES: usize = 12_000;
const LEAST: usize = 64;
const MOST: usize = 1500;

/// The colours of what workers do, and in which order they are explained.
const COLOURS: [(SpanKind, &str); 13] = [
    (SpanKind::Items, "#4c78a8"),
    (SpanKind::Starting, "#bab0ac"),
    (SpanKind::Hook, "#d67195"),
    (SpanKind::Opening, "#b279a2"),
    (SpanKind::Scratch, "#ff9da6"),
    (SpanKind::Claiming, "#eeca3b"),
    (SpanKind::Preparing, "#9d755d"),
    (SpanKind::Checkpoint, "#72b7b2"),
    (SpanKind::Merging, "#2f7e9e"),
    (SpanKind::FirstWrite, "#54a24b"),
    (SpanKind::Waiting, "#e4e4e4"),
    (SpanKind::Closing, "#8c8c8c"),
    (SpanKind::Leaving, "#d5cfcb"),
];
const FAILED: &str = "#d62728";
const RETRIED: &str = "#f58518";
const CALLER: &str = "#439894";

/// How rows lie.
struct Layout {
    /// Where the time begins: behind the names of the rows.
    left: f64,
    size: f64,
    /// From one row to the next, and the height of a bar.
    pitch: f64,
    bar: f64,
    /// Each of so many rows has a name.
    named: usize,
    /// The end of the map, in nanoseconds.
    end: u64,
    bottom: f64,
}

impl Layout {
    fn of(map: &TimelineRows) -> Layout {
        let rows = map.rows.len();
        let (pitch, bar, named) = match rows {
            0..=24 => (30.0, 24.0, 1),
            25..=80 => (14.0, 12.0, 1),
            81..=300 => (5.0, 4.0, 4),
            _ => (2.0, 2.0, 10),
        };
        let size = if bar < 12.0 { 9.0 } else { 13.0 };
        let names = map.rows.iter().map(|row| row.name().chars().count() + ": busy 100 %".len());
        let left = (24.0 + 0.55 * size * names.max().unwrap_or(0) as f64).min(RIGHT / 2.0);
        let all = rows + usize::from(!map.finishing.is_zero());
        let (end, bottom) = (map.end().max(1), TOP + all as f64 * pitch);
        Layout { left, size, pitch, bar, named, end, bottom }
    }

    fn x(&self, nanoseconds: u64) -> f64 {
        let part = nanoseconds.min(self.end) as f64 / self.end as f64;
        self.left + (RIGHT - self.left) * part
    }

    fn y(&self, row: usize) -> f64 {
        TOP + row as f64 * self.pitch
    }
}

/// The text of the picture.
pub(super) fn picture(map: &TimelineRows) -> String {
    let layout = Layout::of(map);
    let slowest = map.slowest(LISTED_ITEMS);
    let list_top = layout.bottom + 66.0;
    let height = list_top + 18.0 * slowest.len() as f64 + 12.0;
    let mut svg = Svg(String::new());
    svg.add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         width=\"{WIDTH}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"13\" \
         fill=\"#222\">\n<style>\n"
    ));
    for (place, (_, colour)) in COLOURS.iter().enumerate() {
        svg.add(format_args!(".k{place}{{fill:{colour}}}"));
    }
    svg.add(format_args!(
        ".f{{fill:{FAILED}}}.r{{fill:{RETRIED}}}.c{{fill:{CALLER}}}\
         .n{{fill:#fff;stroke:#222;stroke-width:3px;paint-order:stroke;font-weight:bold;\
         text-anchor:middle}}\n</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    ));
    svg.head(map);
    svg.axis(&layout);
    let most = (RECTANGLES / map.rows.len().max(1)).clamp(LEAST, MOST);
    for (place, row) in map.rows.iter().enumerate() {
        svg.row(map, &layout, place, row, most);
    }
    if !map.finishing.is_zero() {
        svg.caller(map, &layout);
    }
    svg.slowest(map, &layout, &slowest, list_top);
    svg.0.push_str("</svg>\n");
    svg.0
}

/// The class of a span's rectangle.
fn class(span: &Span) -> String {
    if span.is_failed {
        return "f".to_owned();
    }
    if span.is_retry {
        return "r".to_owned();
    }
    let place = COLOURS.iter().position(|&(kind, _)| kind == span.kind);
    format!("k{}", place.unwrap_or(0))
}

struct Svg(String);

impl Svg {
    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // A `String` takes all that is written.
        let _ = self.0.write_fmt(text);
    }

    /// A line of text at this place.
    fn text(&mut self, x: f64, y: f64, more: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\"{more}>{text}</text>\n"));
    }

    /// What the map was, and what the colours mean.
    fn head(&mut self, map: &TimelineRows) {
        let TimelineRows { len, rows, wall_time, .. } = map;
        let failed = map.spans().filter(|span| span.is_failed).count();
        let mut told = match rows.len() {
            1 => format!("{len} items in {wall_time:.3?} on 1 worker"),
            several => {
                let tail = map.tail();
                format!("{len} items in {wall_time:.3?} on {several} workers, tail {tail:.3?}")
            }
        };
        let _ = match failed {
            0 => Ok(()),
            1 => write!(told, ", 1 failure"),
            _ => write!(told, ", {failed} failures"),
        };
        self.text(12.0, 26.0, " font-size=\"18\"", &told);
        let mut x = 12.0;
        let has = |kind| map.spans().any(|span| span.kind == kind && span.took() > 0);
        let kinds = COLOURS.iter().enumerate().filter(|(_, (kind, _))| has(*kind));
        let mut legend: Vec<(String, &str)> =
            kinds.map(|(place, (kind, _))| (format!("k{place}"), kind.name())).collect();
        if failed > 0 {
            legend.push(("f".to_owned(), "failed"));
        }
        if map.spans().any(|span| span.is_retry) {
            legend.push(("r".to_owned(), "tried again"));
        }
        if !map.finishing.is_zero() {
            legend.push(("c".to_owned(), "merging, finishing"));
        }
        for (class, name) in legend {
            self.add(format_args!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"42\" width=\"12\" height=\"12\"/>"
            ));
            self.text(x + 17.0, 53.0, "", name);
            x += 36.0 + 7.0 * name.len() as f64;
        }
    }

    /// Ticks with their times, and lines up to the first row.
    fn axis(&mut self, layout: &Layout) {
        let Layout { bottom, .. } = *layout;
        let (step, unit, of_unit) = ticks(layout.end);
        let mut number = 0_u64;
        while number * step <= layout.end {
            let x = layout.x(number * step);
            let label = number as f64 * step as f64 / of_unit;
            self.add(format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>",
                TOP - 6.0,
                bottom + 6.0
            ));
            // As many digits as steps need, and no more.
            let label = format!("{:.6}", label);
            let label = label.trim_end_matches('0').trim_end_matches('.');
            self.text(x, bottom + 20.0, " text-anchor=\"middle\"", label);
            number += 1;
        }
        let middle = (layout.left + RIGHT) / 2.0;
        let told = format!("time since the map began, in {unit}");
        self.text(middle, bottom + 38.0, " text-anchor=\"middle\"", &told);
    }

    /// A worker's spans.
    fn row(&mut self, map: &TimelineRows, layout: &Layout, place: usize, row: &Row, most: usize) {
        let (y, bar) = (layout.y(place), layout.bar);
        if place.is_multiple_of(layout.named) {
            let busy = 100.0 * map.busy_share(row);
            let told = format!("{}: busy {busy:.0} %", row.name());
            self.row_name(layout, y, &told);
        }
        // What is noteworthy is drawn over the rest, and wide enough to be seen.
        let (plain, marked): (Vec<Span>, Vec<Span>) = coarsen(row.spans.clone(), most)
            .into_iter()
            .partition(|span| !span.is_failed && !span.is_retry);
        for (spans, least) in [(plain, 0.0), (marked, 2.0)] {
            for span in spans.into_iter().filter(|span| span.took() > 0 || span.is_failed) {
                let (x, class) = (layout.x(span.begin), class(&span));
                let width = (layout.x(span.end) - x).max(least);
                self.add(format_args!(
                    "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" \
                     height=\"{bar}\""
                ));
                if width > 4.0 {
                    // Apart from its neighbours.
                    self.add(format_args!(" stroke=\"#fff\" stroke-width=\".5\""));
                }
                if width < 2.0 && !span.is_failed {
                    self.add(format_args!("/>\n"));
                    continue;
                }
                let told = escaped(&span_title(&span));
                self.add(format_args!("><title>{told}</title></rect>\n"));
                if span.is_failed && bar >= 12.0 {
                    // A mark above, which is seen where the span itself is a line.
                    let middle = x + width / 2.0;
                    self.add(format_args!(
                        "<path class=\"f\" d=\"M{middle:.1} {:.1}l-4-6h8z\"/>\n",
                        y + 1.0
                    ));
                }
            }
        }
    }

    /// The name of the row that is drawn there.
    fn row_name(&mut self, layout: &Layout, y: f64, name: &str) {
        let Layout { left, size, bar, .. } = *layout;
        let more = format!(" text-anchor=\"end\" font-size=\"{size}\"");
        self.text(left - 8.0, y + bar / 2.0 + 0.35 * size, &more, name);
    }

    /// What the caller did after the workers.
    fn caller(&mut self, map: &TimelineRows, layout: &Layout) {
        let y = layout.y(map.rows.len());
        let x = layout.x(map.wall_time.as_nanos() as u64);
        let bar = layout.bar;
        self.row_name(layout, y, "caller");
        self.add(format_args!(
            "<rect class=\"c\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"{bar}\">\
             <title>merging reductions, finishing: {:.3?}</title></rect>\n",
            (RIGHT - x).max(1.0),
            map.finishing
        ));
    }

    /// The slowest items: their numbers in the rows, and a list.
    fn slowest(&mut self, map: &TimelineRows, layout: &Layout, slowest: &[&Span], top: f64) {
        if slowest.is_empty() {
            return;
        }
        self.text(12.0, top - 4.0, " font-weight=\"bold\"", "the slowest items");
        for (place, span) in slowest.iter().enumerate() {
            let row = map.rows.iter().position(|row| row.worker_id == span.worker_id);
            let middle = (layout.x(span.begin) + layout.x(span.end)) / 2.0;
            let y = layout.y(row.unwrap_or(0)) + layout.bar / 2.0 + 4.0;
            let number = (place + 1).to_string();
            self.text(middle, y, " class=\"n\" font-size=\"11\"", &number);
            let begun = Duration::from_nanos(span.begin);
            let told = format!("{number}. {span}, from {begun:.3?} on");
            self.text(12.0, top + 18.0 * (place + 1) as f64 - 4.0, "", &told);
        }
        if map.merged() > 0 {
            let told = format!("{} short spans were merged into their neighbours", map.merged());
            self.text(RIGHT, top - 4.0, " text-anchor=\"end\"", &told);
        }
    }
}

/// What is told of a span to whoever points at it.
fn span_title(span: &Span) -> String {
    match span.parts {
        1 => span.to_string(),
        parts => format!("{span} ({parts} spans)"),
    }
}

/// The distance of ticks in nanoseconds, the unit of their labels, and its nanoseconds.
fn ticks(end: u64) -> (u64, &'static str, f64) {
    /// At most so many ticks.
    const TICKS: u64 = 10;
    let (unit, of_unit) = match end {
        0..2_000_000 => ("µs", 1e3),
        2_000_000..2_000_000_000 => ("ms", 1e6),
        2_000_000_000..600_000_000_000 => ("s", 1e9),
        600_000_000_000..36_000_000_000_000 => ("min", 6e10),
        _ => ("h", 3.6e12),
    };
    // 1, 2, 5, 10, 20, 50, … thousandths of the unit.
    let base = (of_unit as u64 / 1000).max(1);
    let mut decade = base;
    loop {
        let steps = [1, 2, 5].map(|factor| factor * decade);
        if let Some(step) = steps.into_iter().find(|step| end / step <= TICKS) {
            return (step, unit, of_unit);
        }
        decade *= 10;
    }
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML has no control characters, not even as references.
            sign if sign < ' ' => escaped.push(' '),
            sign => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_neither_few_nor_many() {
        for end in (0..17).flat_map(|power| [1, 2, 3, 7].map(|digit| digit * 10_u64.pow(power))) {
            let (step, _, _) = ticks(end);
            assert!(end / step <= 10, "{end}: {step}");
            assert!(end < 5_000 || end / step >= 2, "{end}: {step}");
            let digit = step.to_string().trim_end_matches('0').to_owned();
            let is_round = ["1", "2", "5", "6", "12", "3", "36", "72", "18"].contains(&&*digit);
            assert!(is_round, "{end}: {step}");
        }
        assert_eq!(ticks(3_210_000_000), (500_000_000, "s", 1e9));
        assert_eq!(ticks(7_200_000_000_000), (1_200_000_000_000, "min", 6e10));
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escaped("a<b>&\u{1}"), "a&lt;b&gt;&amp; ");
    }
}
