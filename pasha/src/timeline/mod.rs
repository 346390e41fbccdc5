//! Where the time of a map went: what each worker did when, as a picture, and for Perfetto.

mod coarse;
mod ending;
mod rows;
mod span;
mod svg;
mod trace;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::files::{open_regular, target};
pub(crate) use coarse::coarsen;
use ending::TimelineFormat;
pub(crate) use rows::Row;
use rows::TimelineRows;
pub use span::{Span, SpanKind};

/// The most that is told in words.
const TOLD: usize = 10;

/// Where the time of a map went: what each worker did, and when.
///
/// A context with [`timeline(true)`](crate::ContextOptions::timeline) gives it with the
/// [report](crate::Report::timeline) of each map. Its `Display` tells the slowest items in a few
/// lines; [`write`](Self::write) makes a picture of it, or a file for
/// [Perfetto](https://ui.perfetto.dev).
///
/// The spans of a worker follow each other without a gap, from the beginning of the map to the
/// worker's end; that of the last one is when the map knew of it. For each worker there is room for
/// 4096; where there are more, neighbours are [merged](Self::merged), but for the slowest and the
/// first 512 of those that failed or were tried again. Of a worker that was killed all is there
/// that it had done; its last span ends when its death was seen.
///
/// # Examples
/// ```
/// use pasha::ProcessContext;
///
/// let context = ProcessContext::new(2)?.timeline(true);
/// let (_, report) = pasha::map_report_in(&context, 0..1000_u64, |_, _, n| n * n)?;
/// let timeline = report.timeline().unwrap();
/// for span in timeline.slowest(10) {
///     println!("{span}");
/// }
/// let path = std::env::temp_dir().join(format!("{}.svg", std::process::id()));
/// timeline.write(&path)?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    rows: TimelineRows,
    /// When the last worker had ended.
    ended: Instant,
    /// Why the file that was asked for by word is not there.
    unwritten: Option<String>,
}

impl Timeline {
    /// The timeline of a map over so many items whose workers have ended now, after this long.
    pub(crate) fn new(len: usize, mut rows: Vec<Row>, wall_time: Duration) -> Timeline {
        rows::end_with_the_map(&mut rows, wall_time);
        let rows = TimelineRows { len, rows, wall_time, finishing: Duration::ZERO };
        Timeline { rows, ended: Instant::now(), unwritten: None }
    }

    /// Why the file that was asked for by word could not be written.
    pub(crate) fn unwritten(&self) -> Option<&str> {
        self.unwritten.as_deref()
    }

    /// Whether there are no workers.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.rows.is_empty()
    }

    /// All spans, worker after worker, each in the order of time.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::{SpanKind, ThreadContext};
    ///
    /// let context = ThreadContext::new(2)?.timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let spans = report.timeline().unwrap().spans();
    /// let claims = spans.filter(|span| span.kind() == SpanKind::Claiming);
    /// let claiming: Duration = claims.map(|span| span.duration()).sum();
    /// assert!(claiming < report.wall_time * 2);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.rows.spans()
    }

    /// The spans of items that took longest, the slowest first; fewer where there are fewer.
    ///
    /// Where items take more than about 0.1 ms they are told one by one, and quicker ones by the
    /// block, with a slow one that is among them; see [`Span::indices`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::ProcessContext;
    ///
    /// let context = ProcessContext::new(2)?.timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..20, |_, index, _| {
    ///     std::thread::sleep(Duration::from_millis(if index == 7 { 30 } else { 1 }));
    ///     index
    /// })?;
    /// let slowest = report.timeline().unwrap().slowest(3);
    /// assert_eq!(slowest[0].indices(), 7..8);
    /// assert!(slowest[0].duration() >= slowest[1].duration());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn slowest(&self, number: usize) -> Vec<&Span> {
        self.rows.slowest(number)
    }

    /// The part of the map's time that a worker spent with items, from 0 to 1; 0 where there is no
    /// such worker.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::SerialContext;
    ///
    /// let context = SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..3, |_, index, _| {
    ///     std::thread::sleep(Duration::from_millis(10));
    ///     index
    /// })?;
    /// let busy = report.timeline().unwrap().busy_share(0);
    /// assert!(busy > 0.0 && busy <= 1.0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn busy_share(&self, worker_id: usize) -> f64 {
        let row = self.rows.rows.iter().find(|row| row.worker_id == worker_id);
        row.map_or(0.0, |row| self.rows.busy_share(row))
    }

    /// How long some workers still worked when others had nothing left to do: from the end of the
    /// first to the end of the last.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use pasha::ThreadContext;
    ///
    /// let context = ThreadContext::new(2)?.static_split().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..2, |_, index, _| {
    ///     std::thread::sleep(Duration::from_millis(50 * index as u64));
    ///     index
    /// })?;
    /// println!("one worker waited for the other for {:?}", report.timeline().unwrap().tail());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn tail(&self) -> Duration {
        self.rows.tail()
    }

    /// How long the map took, up to the end of its last worker.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert_eq!(report.timeline().unwrap().wall_time(), report.wall_time);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn wall_time(&self) -> Duration {
        self.rows.wall_time
    }

    /// How long the caller took afterwards to make the outputs what it gets: to merge reductions,
    /// above all.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert!(report.timeline().unwrap().finishing() < std::time::Duration::from_secs(60));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn finishing(&self) -> Duration {
        self.rows.finishing
    }

    /// The number of spans that are not told on their own, because there was no room: each was
    /// merged into one before it.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert_eq!(report.timeline().unwrap().merged(), 0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn merged(&self) -> usize {
        self.rows.merged()
    }

    /// A picture in the format SVG: a row for each worker, failures marked, the slowest items
    /// numbered and listed.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert!(report.timeline().unwrap().to_svg().starts_with("<svg "));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn to_svg(&self) -> String {
        svg::picture(&self.rows)
    }

    /// The text of a file in the trace event format of Chrome, which
    /// [Perfetto](https://ui.perfetto.dev) opens: there one can look at every span.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// assert!(report.timeline().unwrap().to_trace_json().contains("\"traceEvents\""));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn to_trace_json(&self) -> String {
        trace::json(&self.rows)
    }

    /// Writes it into a file, in the format that the name's ending says: `.svg` for
    /// [a picture](Self::to_svg), `.json` for [Perfetto](Self::to_trace_json).
    ///
    /// # Errors
    /// [`Error::Argument`] for another ending, which names these two; [`Error::File`] if the file
    /// can't be written.
    ///
    /// # Examples
    /// ```
    /// let context = pasha::SerialContext::new().timeline(true);
    /// let (_, report) = pasha::map_report_in(&context, 0..100, |_, _, frame| frame)?;
    /// let timeline = report.timeline().unwrap();
    /// let path = std::env::temp_dir().join(format!("{}.json", std::process::id()));
    /// timeline.write(&path)?;
    /// # std::fs::remove_file(&path).unwrap();
    /// let error = timeline.write("timeline.png").unwrap_err();
    /// assert!(error.to_string().contains(".svg"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = match TimelineFormat::of(path)? {
            TimelineFormat::Svg => self.to_svg(),
            TimelineFormat::Json => self.to_trace_json(),
        };
        let failed = |source| Error::File { action: "write", path: path.to_owned(), source };
        replace(path, &text).map_err(failed)
    }

    /// Takes note that the caller has its outputs, and writes the file that was asked for by word,
    /// if there is one.
    ///
    /// That it can't be written must not lose the outputs of a map that went well: it is told with
    /// the report. Whether it can be opened was asked before the map.
    #[cold]
    pub(crate) fn finish(&mut self, file: Option<&Path>) {
        self.rows.finishing = self.ended.elapsed();
        if let Some(path) = file {
            self.unwritten = self.write(path).err().map(|error| error.to_string());
        }
    }
}

/// Writes a file beside the one of this path, and puts it in its place when it is whole.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let place = target(path)?;
    let beside = beside(&place);
    let written = match fs::write(&beside, text) {
        // Where a file may be written, and its folder not, it is as good as can be.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return fs::write(&place, text);
        }
        written => written.and_then(|()| fs::rename(&beside, &place)),
    };
    if written.is_err() {
        // Half a file is of no use; the error says why it is not whole.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The path of the file that takes the place of the one of this path.
fn beside(place: &Path) -> PathBuf {
    let mut beside = place.to_owned().into_os_string();
    beside.push(".new");
    PathBuf::from(beside)
}

/// Looks whether a file can be replaced, or made, and leaves all as it was.
fn try_to_replace(path: &Path) -> io::Result<()> {
    let there = match open_regular(path, OpenOptions::new().append(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        there => there.map(|_| true)?,
    };
    let beside = beside(&target(path)?);
    match open_regular(&beside, OpenOptions::new().create(true).append(true)) {
        Ok(_) => fs::remove_file(&beside),
        Err(error) if there && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a timeline can be written into this file, as far as that can be known before there is
/// one: the ending, and whether it can be opened.
#[cold]
pub(crate) fn check_file(path: &Path) -> Result<()> {
    check_ending(path)?;
    let failed = |source| Error::File {
        action: "write the timeline of the map into",
        path: path.to_owned(),
        source,
    };
    try_to_replace(path).map_err(failed)
}

/// Whether a file of this name is of a format that there is.
pub(crate) fn check_ending(path: &Path) -> Result<()> {
    TimelineFormat::of(path).map(drop)
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TimelineRows { len, rows, wall_time, finishing } = &self.rows;
        write!(f, "{len} items in {wall_time:.3?}; tail {:.3?}", self.tail())?;
        if !finishing.is_zero() {
            write!(f, ", finishing {finishing:.3?}")?;
        }
        if self.merged() > 0 {
            write!(f, "; {} spans were merged into others", self.merged())?;
        }
        if let Some(reason) = &self.unwritten {
            write!(f, "; {reason}")?;
        }
        for row in rows {
            let (busy, end) = (100.0 * self.rows.busy_share(row), Duration::from_nanos(row.end()));
            write!(f, "\n{}: busy {busy:.0} %, until {end:.3?}", row.name())?;
        }
        let slowest = self.slowest(TOLD);
        if !slowest.is_empty() {
            write!(f, "\nthe slowest:")?;
        }
        slowest.iter().try_for_each(|span| write!(f, "\n{span}"))?;
        match slowest.first().is_some_and(|span| span.indices().len() > 1) {
            true => write!(f, "\n(with `item_timeout` the slowest items are told alone)"),
            false => Ok(()),
        }
    }
}
