//! The rows of the table: what is compared with what, and what it should come to.

use std::time::Duration;

use pasha::AnyContext;

use super::duel::{Duel, Measured};
use super::{
    compile, copying, detector, jobs, live, loops, memory, multiply, outputs, python, reproducible,
    scaling, small, together, unequal,
};

/// What a row should come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Ours takes at most so many times as long as the peer, by the fastest times and by the
    /// medians.
    Ratio(f64, f64),
    /// As [`Ratio`](Goal::Ratio), by the fastest times alone.
    Minimum(f64),
    /// The peer takes at least so many times as long as ours, by the fastest times and by the
    /// medians.
    TimesFaster(f64),
    /// Ours takes at most this long, by the median.
    Median(Duration),
    /// Ours takes at most so much longer than the peer, by the fastest times.
    MoreTime(Duration),
    /// Ours needs at most so many bytes more than the peer.
    MoreMemory(f64),
    /// It is there to explain other rows.
    None,
}

/// How a row is measured.
pub(crate) enum Work {
    /// Ours and the peer in turn, this many times.
    Duel(Box<dyn Fn() -> Result<Duel, String>>, usize),
    /// In a way of its own.
    Other(Box<dyn Fn() -> Result<Measured, String>>),
}

/// In which of the programs that `tests/bench` builds a row is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// As Cargo builds it by default.
    Plain,
    /// Compiled for the processor of this machine, because the peer is.
    Native,
    /// Compiled so, and linked with what reads files; forking takes longer there.
    #[cfg_attr(not(feature = "hdf5"), expect(dead_code, reason = "this program has no sources"))]
    WithSources,
}

/// One comparison.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) peer: &'static str,
    pub(crate) goal: Goal,
    pub(crate) program: Program,
    pub(crate) work: Work,
}

impl Row {
    fn duel(
        name: impl Into<String>,
        peer: &'static str,
        goal: Goal,
        rounds: usize,
        make: impl Fn() -> Duel + 'static,
    ) -> Row {
        Row::fallible(name, peer, goal, rounds, move || Ok(make()))
    }

    pub(super) fn fallible(
        name: impl Into<String>,
        peer: &'static str,
        goal: Goal,
        rounds: usize,
        make: impl Fn() -> Result<Duel, String> + 'static,
    ) -> Row {
        let work = Work::Duel(Box::new(make), rounds);
        Row { name: name.into(), peer, goal, program: Program::Plain, work }
    }

    pub(super) fn other(
        name: impl Into<String>,
        peer: &'static str,
        goal: Goal,
        measure: impl Fn() -> Result<Measured, String> + 'static,
    ) -> Row {
        let work = Work::Other(Box::new(measure));
        Row { name: name.into(), peer, goal, program: Program::Plain, work }
    }

    fn native(self) -> Row {
        Row { program: Program::Native, ..self }
    }

    /// What names the row.
    pub(crate) fn key(&self) -> String {
        format!("{} / {}", self.name, self.peer)
    }
}

fn context(text: &str) -> AnyContext {
    text.parse().expect("the name of a context")
}

/// All rows, in the order of the table.
pub(crate) fn all() -> Vec<Row> {
    let hand = "hand-written zip loop";
    let rayon = "rayon `par_iter().zip`";
    let c = "OpenMP C, huge pages";
    let python = "Python pasha with NumPy, processes";
    let mut rows = vec![
        Row::duel("serial `3 * x`, 1e4 f64 (in cache)", hand, Goal::Ratio(1.02, 1.05), 301, || {
            multiply::serial(10_000, 1000)
        }),
        Row::duel("serial `3 * x`, 1e8 f64", hand, Goal::Ratio(1.02, 1.05), 21, || {
            multiply::serial(100_000_000, 1)
        }),
        Row::duel(
            "threads `3 * x`, 1e8 f64, warm output",
            rayon,
            Goal::Ratio(1.0, 1.05),
            41,
            || multiply::threads(100_000_000, 1),
        ),
        Row::duel("threads `3 * x`, 1e6 f64", rayon, Goal::Ratio(1.05, 1.15), 101, || {
            multiply::threads(1_000_000, 10)
        }),
        Row::duel(
            "processes `3 * x`, 1e8 f64, second map",
            "our threads",
            Goal::Ratio(1.05, 1.10),
            41,
            || multiply::processes(100_000_000),
        ),
        Row::duel(
            "processes, first write of a fresh 1 GiB output",
            "threads, private huge pages",
            Goal::Ratio(1.2, 1.2),
            15,
            || multiply::fresh(1 << 27),
        ),
        Row::duel(
            "threads `3 * x`, 1e8 f64, with `stream_stores`",
            "the same without",
            Goal::None,
            21,
            || multiply::streaming(100_000_000),
        ),
        Row::duel("detector job, processes, fresh", c, Goal::Ratio(1.25, 1.25), 9, || {
            detector::against_c(true)
        })
        .native(),
        Row::duel("detector job, processes, second map", c, Goal::Ratio(1.0, 1.0), 21, || {
            detector::against_c(false)
        })
        .native(),
        Row::fallible("detector job, frame by frame, second map", python, Goal::None, 7, || {
            python::detector(false, detector::Way::FrameByFrame)
        })
        .native(),
        Row::fallible("detector job, in tiles, fresh", python, Goal::TimesFaster(5.0), 7, || {
            python::detector(true, detector::Way::InTiles)
        })
        .native(),
        Row::fallible(
            "detector job, in tiles, second map",
            python,
            Goal::TimesFaster(8.0),
            11,
            || python::detector(false, detector::Way::InTiles),
        )
        .native(),
        Row::duel(
            "detector job, frame by frame, second map",
            "moving as many bytes, adding 1",
            Goal::None,
            15,
            || copying::against_copy(detector::Way::FrameByFrame),
        )
        .native(),
        Row::duel(
            "detector job, in tiles, second map",
            "moving as many bytes, adding 1",
            Goal::None,
            15,
            || copying::against_copy(detector::Way::InTiles),
        )
        .native(),
        Row::duel(
            "reproducible sum of 1e7 f64, threads",
            "the same map without the option",
            Goal::Ratio(1.05, 1.05),
            101,
            || reproducible::of_scalars(10_000_000),
        ),
        Row::duel(
            "reproducible sum of 2,000 images of a megapixel, threads",
            "the same map without the option",
            Goal::Ratio(1.15, 1.15),
            11,
            reproducible::of_images,
        ),
        Row::duel(
            "sum of 2,000 images of a megapixel, a look every 100 ms, threads",
            "the same map without",
            Goal::Ratio(1.02, 1.02),
            11,
            live::of_images,
        ),
        Row::duel(
            "sum of 2,000 images of a megapixel, a look every 100 ms, threads",
            "a loop by hand with as many looks",
            Goal::Ratio(1.05, 1.05),
            11,
            live::of_images_by_hand,
        ),
        Row::duel(
            "durable job of 2,000 items of 1 ms with 16 kB each, threads",
            "the same job without `durable`",
            Goal::None,
            5,
            jobs::durable,
        ),
        Row::duel(
            "job of 2,000 items of 1 ms with ragged outputs, threads",
            "the map without `resume`",
            Goal::None,
            5,
            jobs::ragged,
        ),
        Row::duel(
            "two kernels together, 2,000 frames of 256 x 256 u16, threads",
            "one kernel that does the work of both",
            Goal::Ratio(1.03, 1.03),
            31,
            || together::frames(2000),
        ),
    ];
    rows.push(Row::duel(
        "detector job, frame by frame, second map, with a timeline",
        "the same without",
        Goal::Ratio(1.01, 1.01),
        25,
        detector::with_timeline,
    ));
    rows.push(Row::duel(
        "threads `3 * x`, 1e8 f64, warm output, with a timeline",
        "the same without",
        Goal::Ratio(1.01, 1.01),
        41,
        || multiply::with_timeline(100_000_000),
    ));
    for which in ["serial", "threads", "processes"] {
        rows.push(Row::fallible(
            format!("per-item kernel, 1e5 items, {which}"),
            "Python pasha, the same context",
            Goal::TimesFaster(100.0),
            25,
            move || python::items(which),
        ));
    }
    for load in unequal::Load::ALL {
        for name in ["threads", "processes"] {
            rows.push(Row::duel(
                format!("{}, {name}", load.name()),
                "serial loop / 2",
                Goal::Ratio(1.03, 1.03),
                11,
                move || unequal::against_ideal(load, context(&format!("{name}:2"))),
            ));
        }
    }
    rows.push(Row::duel(
        "two serial loops, one on each core, half the items each",
        "serial loop / 2",
        Goal::None,
        11,
        unequal::floor,
    ));
    for (name, most) in [("threads", 20), ("processes", 300)] {
        for (len, what) in [(0, "empty map"), (1, "map of one item")] {
            rows.push(Row::duel(
                format!("{what}, {name}"),
                if name == "threads" { "waking two threads of rayon" } else { "two bare forks" },
                Goal::Median(Duration::from_micros(most)),
                1001,
                move || small::against_floor(context(&format!("{name}:2")), len),
            ));
        }
    }
    rows.push(Row::duel(
        "kernel with eight outputs and a reduction, threads",
        "by hand with rayon",
        Goal::Ratio(1.05, 1.05),
        41,
        || outputs::against_rayon(4_000_000),
    ));
    for (what, peer, most, make) in [
        ("sum of 1e5 f64", "hand-written loop", 1.05, loops::floats as fn(usize, u32) -> Duel),
        ("sum of 1e5 u64", "hand-written loop", 1.1, loops::integers),
        ("histogram of 1e5 u64", "hand-written loop", 1.15, loops::bins),
        ("`3 * x` of 1e5 bytes", "hand-written loop", 2.2, loops::bytes),
        ("sums of 1e5 rows of three f64", "ndarray's `rows()`", 1.1, loops::rows),
        ("sums of 1e5 windows of three f64", "ndarray's `windows()`", 2.2, loops::windows),
    ] {
        rows.push(Row::duel(
            format!("{what}, serial, in the cache"),
            peer,
            Goal::Ratio(most, most),
            101,
            move || make(100_000, 20),
        ));
    }
    rows.push(Row::other(
        "memory: processes, 1 GiB in, 2 GiB out; sum of Pss",
        "input and output",
        Goal::MoreMemory(f64::from(30 << 20)),
        memory::during_a_map,
    ));
    #[cfg(feature = "xfel")]
    rows.extend(
        super::sources::rows().into_iter().map(|row| Row { program: Program::WithSources, ..row }),
    );
    #[cfg(feature = "hdf5")]
    rows.extend(
        super::filters::rows().into_iter().map(|row| Row { program: Program::WithSources, ..row }),
    );
    for profile in ["dev", "release"] {
        rows.push(Row::other(
            format!("compiling one kernel, profile {profile}"),
            "the plain function",
            Goal::MoreTime(Duration::from_secs(1)),
            move || compile::one_kernel(profile),
        ));
    }
    for name in ["threads", "processes"] {
        for num_workers in [16, 64] {
            rows.push(Row::duel(
                format!("unequal load, {num_workers} {name} on the cores of this machine"),
                "2 of them",
                Goal::Minimum(1.1),
                11,
                move || scaling::against_two(name, num_workers),
            ));
        }
    }
    rows
}
