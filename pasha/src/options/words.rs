//! Options by word, as they are given without compiling anew: `item_timeout=60s,skip=10`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Options;
use super::on_failure::{AfterRetries, OnFailure};
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::timeline::check_ending;

/// An option that can be said in a word.
struct Word {
    name: &'static str,
    example: &'static str,
    apply: fn(Options, WordValue<'_>) -> Result<Options, String>,
}

/// The words, each as the method of its name.
const WORDS: [Word; 18] = [
    Word { name: "skip", example: "skip=10", apply: |options, given| skip(options, given) },
    Word { name: "retry", example: "retry=2", apply: |options, given| retry(options, given) },
    Word {
        name: "item_timeout",
        example: "item_timeout=60s",
        apply: |options, given| Ok(options.item_timeout(given.some_time()?)),
    },
    Word {
        name: "deadline",
        example: "deadline=1h 30min",
        apply: |options, given| Ok(options.deadline(given.duration()?)),
    },
    Word {
        name: "stop_within",
        example: "stop_within=5s",
        apply: |options, given| Ok(options.stop_within(given.duration()?)),
    },
    Word {
        name: "stop_at_once",
        example: "stop_at_once",
        apply: |options, given| given.nothing().map(|()| options.stop_at_once()),
    },
    Word {
        name: "resume",
        example: "resume=out/job",
        apply: |options, given| Ok(options.resume(given.text("the path of a file")?)),
    },
    Word {
        name: "durable",
        example: "durable",
        apply: |options, given| Ok(options.durable(given.truth()?)),
    },
    Word {
        name: "progress",
        example: "progress",
        apply: |options, given| {
            let is_wanted = given.truth()?;
            Ok(if is_wanted { options.progress_bar() } else { Options { watch: None, ..options } })
        },
    },
    Word { name: "timeline", example: "timeline=out/t.svg", apply: timeline },
    Word {
        name: "share",
        example: "share=100",
        apply: |options, given| {
            let items = NonZeroUsize::new(given.number()?).ok_or("a share has 1 item at least")?;
            Ok(options.share(items))
        },
    },
    Word {
        name: "static_split",
        example: "static_split",
        apply: |options, given| given.nothing().map(|()| options.static_split()),
    },
    Word {
        name: "worker_lifespan",
        example: "worker_lifespan=1000",
        apply: |options, given| {
            let items =
                NonZeroUsize::new(given.number()?).ok_or("a worker lives for 1 item at least")?;
            Ok(options.worker_lifespan(items))
        },
    },
    Word {
        name: "worker_memory",
        example: "worker_memory=2GiB",
        apply: |options, given| Ok(options.worker_memory(given.bytes()?)),
    },
    Word {
        name: "nice",
        example: "nice=10",
        apply: |options, given| {
            let by = i32::try_from(given.number()?).ok().filter(|by| *by <= NICEST);
            Ok(options.nice(by.ok_or(format!("{NICEST} is the nicest"))?))
        },
    },
    Word {
        name: "huge_pages",
        example: "huge_pages=false",
        apply: |options, given| Ok(options.huge_pages(given.truth()?)),
    },
    Word {
        name: "reproducible",
        example: "reproducible",
        apply: |options, given| Ok(options.reproducible(given.truth()?)),
    },
    Word {
        name: "pin_workers",
        example: "pin_workers",
        apply: |options, given| Ok(options.pin_workers(given.truth()?)),
    },
];

fn skip(mut options: Options, given: WordValue<'_>) -> Result<Options, String> {
    let at_most = given.number()?;
    options.on_failure = match options.on_failure {
        OnFailure::Retry { times, .. } => {
            OnFailure::Retry { times, then: AfterRetries::Skip { at_most } }
        }
        _ => OnFailure::Skip { at_most },
    };
    Ok(options)
}

fn retry(mut options: Options, given: WordValue<'_>) -> Result<Options, String> {
    let then = match options.on_failure {
        OnFailure::Skip { at_most } => AfterRetries::Skip { at_most },
        _ => AfterRetries::Abort,
    };
    options.on_failure = OnFailure::Retry { times: given.number()?, then };
    Ok(options)
}

fn timeline(options: Options, given: WordValue<'_>) -> Result<Options, String> {
    if let Ok(wanted) = given.truth() {
        return Ok(options.timeline(wanted));
    }
    let path = PathBuf::from(given.text("the path of a file, or nothing")?);
    check_ending(&path).map_err(|_| {
        "give it true, false, or the path of a file that ends in `.svg` (a picture) or `.json` (for \
         Perfetto)"
    })?;
    // The same when the program changes its folder.
    let path = std::path::absolute(&path).unwrap_or(path);
    Ok(Options { timeline: true, timeline_file: Some(path), ..options })
}

/// What stands behind the `=` of a word, if it has one.
#[derive(Clone, Copy)]
struct WordValue<'t>(Option<&'t str>);

impl WordValue<'_> {
    fn nothing(self) -> Result<(), String> {
        self.0.is_none().then_some(()).ok_or("it takes no value".to_owned())
    }

    fn text(self, what: &str) -> Result<String, String> {
        self.0.filter(|text| !text.is_empty()).map(str::to_owned).ok_or(format!("give it {what}"))
    }

    fn number(self) -> Result<usize, String> {
        self.0.and_then(|text| text.parse().ok()).ok_or("give it a whole number".to_owned())
    }

    fn truth(self) -> Result<bool, String> {
        match self.0 {
            None | Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err("give it true or false".to_owned()),
        }
    }

    fn bytes(self) -> Result<usize, String> {
        let advice = "give it a size with a unit, such as 500MB or 2GiB";
        let size: Option<bytesize::ByteSize> = self.0.and_then(|text| text.parse().ok());
        // A number alone would be one of bytes, and as likely meant as one of gigabytes.
        let has_unit = self.0.is_some_and(|text| text.ends_with(|c: char| c.is_alphabetic()));
        let size = size.filter(|_| has_unit).and_then(|size| usize::try_from(size.as_u64()).ok());
        match size.ok_or(advice)? {
            0 => Err(format!("a worker needs some; {advice}")),
            MOST_BYTES.. => Err(format!("no worker has as much; {advice}")),
            bytes => Ok(bytes),
        }
    }

    fn some_time(self) -> Result<Duration, String> {
        let time = self.duration()?;
        if time.is_zero() { Err("no item is done in no time".to_owned()) } else { Ok(time) }
    }

    fn duration(self) -> Result<Duration, String> {
        let advice = "give it a time with a unit, such as 90s, 15min or 1h 30min";
        let text = self.0.ok_or(advice)?;
        humantime::parse_duration(text).map_err(|error| format!("{advice} ({error})"))
    }
}

/// The largest number by which a process of Linux can be nice.
const NICEST: i32 = 19;

/// More than any address space has.
const MOST_BYTES: usize = 1 << 57;

/// Words that say different things of the same.
const EITHER: [[&str; 2]; 2] = [["share", "static_split"], ["stop_within", "stop_at_once"]];

impl Options {
    /// These options with what the words say. `of` says whose options they are, as a phrase.
    pub(crate) fn with_words(self, text: &str, of: &str) -> Result<Self> {
        let mut seen: Vec<&str> = Vec::new();
        text.split(',').map(str::trim).try_fold(self, |options, text| {
            let (name, given) = match text.split_once('=') {
                None => (text, WordValue(None)),
                Some((name, value)) => (name.trim_end(), WordValue(Some(value.trim_start()))),
            };
            let refused = |advice: String| Error::Argument {
                argument: format!("an option {of}"),
                value: format!("{text:?}"),
                advice,
            };
            if text.is_empty() {
                return Err(refused(format!(
                    "an option is missing between or behind commas; the options are {}",
                    examples()
                )));
            }
            let Some(word) = WORDS.iter().find(|word| word.name == name) else {
                let nearest = nearest(name, WORDS.iter().map(|word| word.name));
                return Err(refused(format!(
                    "there is no such option, {nearest}; the options are, with a comma between \
                     two of them: {}",
                    examples()
                )));
            };
            if seen.contains(&word.name) {
                return Err(refused("it is given twice".to_owned()));
            }
            for pair in EITHER.iter().filter(|pair| pair.contains(&word.name)) {
                if let Some(other) = pair.iter().find(|name| seen.contains(name)) {
                    return Err(refused(format!("it goes against `{other}`: give one of the two")));
                }
            }
            seen.push(word.name);
            (word.apply)(options, given)
                .map_err(|advice| refused(format!("{advice}, as in \"{}\"", word.example)))
        })
    }
}

/// All options, each as it may be given.
fn examples() -> String {
    let all: Vec<&str> = WORDS.iter().map(|word| word.example).collect();
    all.join(", ")
}

impl FromStr for Options {
    type Err = Error;

    /// Reads options as they are given without compiling anew, with a comma between two of them.
    ///
    /// Those of workers in processes of their own (`worker_lifespan`, `worker_memory` and `nice`)
    /// are refused behind another context than `processes`. With an `item_timeout` a late item
    /// fails in every context, but only processes end it: threads and serial contexts wait for its
    /// end.
    ///
    /// | word | as the method |
    /// | --- | --- |
    /// | `skip=10` | [`on_failure`](Options::on_failure): go on without at most 10 items that fail |
    /// | `retry=2` | [`on_failure`](Options::on_failure): try each twice again; with `skip=10` then go on without it |
    /// | `item_timeout=60s` | [`item_timeout`](Options::item_timeout) |
    /// | `deadline=1h 30min` | [`deadline`](Options::deadline) |
    /// | `stop_within=5s`, `stop_at_once` | [`stop_within`](Options::stop_within), [`stop_at_once`](Options::stop_at_once) |
    /// | `resume=out/job` | [`resume`](Options::resume) |
    /// | `durable` | [`durable`](Options::durable) |
    /// | `progress` | [`progress_bar`](Options::progress_bar) |
    /// | `timeline`, `timeline=out/t.svg` | [`timeline`](Options::timeline), and each map writes it into this file: a picture, or for Perfetto with `.json` |
    /// | `share=100`, `static_split` | [`share`](Options::share), [`static_split`](Options::static_split) |
    /// | `worker_lifespan=1000`, `worker_memory=2GiB`, `nice=10` | [`worker_lifespan`](Options::worker_lifespan), [`worker_memory`](Options::worker_memory), [`nice`](Options::nice) |
    /// | `huge_pages=false` | [`huge_pages`](Options::huge_pages) |
    /// | `reproducible` | [`reproducible`](Options::reproducible) |
    /// | `pin_workers` | [`pin_workers`](Options::pin_workers) |
    ///
    /// # Errors
    /// [`Error::Argument`] names the word, and lists those that there are.
    ///
    /// # Examples
    /// ```
    /// use pasha::{ContextOptions, Options, ThreadContext};
    ///
    /// let mut context = ThreadContext::new(2)?;
    /// *context.options_mut() = "skip=10, item_timeout=60s".parse::<Options>()?;
    ///
    /// let error = "skp=10".parse::<Options>().unwrap_err();
    /// assert!(error.to_string().contains("\"skip\""));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        Options::new().with_words(text, &format!("in the text {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Splitting;

    fn read(text: &str) -> Options {
        text.parse().unwrap()
    }

    #[test]
    fn each_word_is_the_method_of_its_name() {
        for Word { name, example, .. } in &WORDS {
            let options = read(example);
            assert_ne!(format!("{options:?}"), format!("{:?}", Options::new()), "{name}");
        }
        assert_eq!(read("item_timeout = 90s").item_timeout, Some(Duration::from_secs(90)));
        assert_eq!(read("deadline=1h 30min").deadline, Some(Duration::from_secs(5400)));
        assert_eq!(read("worker_memory=2GiB").worker_memory, Some(2 << 30));
        assert_eq!(read("worker_memory=1.5 MB").worker_memory, Some(1_500_000));
        assert_eq!(read("stop_at_once").stop_within, Duration::ZERO);
        assert!(read("timeline").timeline && !read("timeline=false").timeline);
        assert!(read("timeline").timeline_file.is_none());
        let file = read("timeline=out/t.JSON").timeline_file.unwrap();
        assert!(file.is_absolute() && file.ends_with("out/t.JSON"));
        assert!(read("progress=true").watch.is_some() && read("progress=false").watch.is_none());
        assert!(read("resume=a=b").resume.unwrap().ends_with("a=b"));
        assert!(matches!(read("share=7").splitting, Splitting::Fixed(items) if items.get() == 7));
        assert!(!read("huge_pages=false").huge_pages && read("pin_workers=true").pin_workers);
    }

    #[test]
    fn retries_and_skips_go_together_in_either_order() {
        let both = OnFailure::Retry { times: 2, then: AfterRetries::Skip { at_most: 3 } };
        assert_eq!(read("retry=2, skip=3").on_failure, both);
        assert_eq!(read("skip=3,retry=2").on_failure, both);
        assert_eq!(read("skip=3").on_failure, OnFailure::Skip { at_most: 3 });
        let then = AfterRetries::Abort;
        assert_eq!(read("retry=2").on_failure, OnFailure::Retry { times: 2, then });
    }

    #[test]
    fn other_words_and_values_are_refused_with_those_that_there_are() {
        for (text, expected) in [
            ("skp=1", "\"skip\""),
            ("", "an option is missing"),
            ("skip", "a whole number, as in \"skip=10\""),
            ("skip=-1", "\"skip=-1\""),
            ("skip=1, skip=2", "twice"),
            ("share=0", "1 item at least"),
            ("item_timeout=60", "with a unit"),
            ("item_timeout=0s", "no time"),
            ("worker_memory=2", "with a unit"),
            ("worker_memory=0MB", "needs some"),
            ("worker_memory=99999999TiB", "no worker has as much"),
            ("static_split, share=3", "`static_split`: give one of the two"),
            ("stop_at_once, stop_within=1s", "`stop_at_once`: give one of the two"),
            ("skip=1,", "an option is missing"),
            ("deadline", "with a unit"),
            ("stop_at_once=3", "takes no value"),
            ("pin_workers=maybe", "true or false"),
            ("resume=", "path"),
            ("timeline=", "the path of a file, or nothing, as in"),
            ("timeline=yes", "ends in `.svg` (a picture) or `.json`"),
            ("timeline=t.png", "\"timeline=t.png\": give it true, false, or the path"),
            ("progress, skp=1", "an option in the text \"progress, skp=1\" is \"skp=1\": "),
        ] {
            let message = text.parse::<Options>().unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
