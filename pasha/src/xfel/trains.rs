//! Which trains of a list to keep: by position, by id, by step.

use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo};

use crate::error::{Error, Result};

/// A choice of trains, for [`Run::select_trains`](super::Run::select_trains).
///
/// It is made of a position, a list or a range of positions, a mask of `bool`s, or of ids with
/// [`by_id`]. Negative positions count from the end. Ranges may reach beyond the trains that there
/// are; single positions may not.
///
/// # Examples
/// ```
/// use pasha::xfel::{Trains, by_id};
///
/// let ids = [100, 101, 104, 105];
/// let choose = |trains: Trains| trains.of(&ids);
/// assert_eq!(choose((..2).into())?, [100, 101]);
/// assert_eq!(choose(Trains::from(-3..).step(2))?, [101, 105]);
/// assert_eq!(choose([3, 0].into())?, [100, 105]);
/// assert_eq!(choose([true, false, false, true].into())?, [100, 105]);
/// // There is no train 102 or 103: a range of ids may begin and end anywhere.
/// assert_eq!(choose(by_id(102..105))?, [104]);
/// assert_eq!(choose(by_id([99, 101]))?, [101]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trains {
    choice: Choice,
    step: usize,
}

#[derive(Clone, Debug)]
enum Choice {
    Positions(Vec<i64>),
    PositionRange(Bound<i64>, Bound<i64>),
    Mask(Vec<bool>),
    Ids(TrainIds),
}

/// Ids of trains, for [`by_id`]: one, a list, or a range.
///
/// # Examples
/// ```
/// use pasha::xfel::{TrainIds, by_id};
///
/// /// The trains of a measurement, of those in a run.
/// fn of_measurement(trains: TrainIds) -> pasha::Result<Vec<u64>> {
///     by_id(trains).of(&[10_000, 10_001, 10_004])
/// }
///
/// assert_eq!(of_measurement((10_001..10_003).into())?, [10_001]);
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrainIds(Ids);

#[derive(Clone, Debug)]
enum Ids {
    List(Vec<u64>),
    Range(Bound<u64>, Bound<u64>),
}

/// Chooses trains by their ids: `by_id(10_004..10_006)`, `by_id([10_004, 10_010])`,
/// `by_id(10_004)`.
///
/// Ids that are not there are passed over, also as the ends of a range.
///
/// # Examples
/// ```
/// use pasha::xfel::by_id;
///
/// let ids = [10_000, 10_001, 10_004];
/// assert_eq!(by_id(10_001..).of(&ids)?, [10_001, 10_004]);
/// assert_eq!(by_id([10_004, 10_003]).of(&ids)?, [10_004]);
/// # Ok::<(), pasha::Error>(())
/// ```
pub fn by_id(ids: impl Into<TrainIds>) -> Trains {
    Trains { choice: Choice::Ids(ids.into()), step: 1 }
}

impl Trains {
    /// Keeps only every `step`th of the chosen trains, from the first on.
    ///
    /// # Examples
    /// ```
    /// use pasha::xfel::Trains;
    ///
    /// let ids = [10_000, 10_001, 10_004, 10_005, 10_006];
    /// assert_eq!(Trains::from(..).step(2).of(&ids)?, [10_000, 10_004, 10_006]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn step(mut self, step: usize) -> Trains {
        self.step = step;
        self
    }

    /// Gives the chosen ones of these ids, which increase; each once, and in their order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no train at a position, if a mask is of another length than
    /// the list of trains, or if the step is 0.
    ///
    /// # Examples
    /// ```
    /// use pasha::xfel::Trains;
    ///
    /// let ids = [10_000, 10_001, 10_004];
    /// assert_eq!(Trains::from(-2..).of(&ids)?, [10_001, 10_004]);
    /// assert!(Trains::from(3).of(&ids).is_err()); // there are three, numbered from 0
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn of(&self, train_ids: &[u64]) -> Result<Vec<u64>> {
        let len = train_ids.len();
        if self.step == 0 {
            let advice = "give a step of at least 1".to_owned();
            return Err(argument("step", &0, advice));
        }
        let chosen: Vec<u64> = match &self.choice {
            Choice::PositionRange(start, end) => train_ids[range(*start, *end, len)].to_vec(),
            Choice::Positions(positions) => {
                let mut found = Vec::with_capacity(positions.len());
                for position in positions {
                    let place = if *position < 0 { position + len as i64 } else { *position };
                    let place = usize::try_from(place).ok().filter(|&place| place < len);
                    let advice = || format!("there are {len} trains, numbered from 0");
                    found
                        .push(place.ok_or_else(|| argument("train position", position, advice()))?);
                }
                found.sort_unstable();
                found.dedup();
                found.into_iter().map(|place| train_ids[place]).collect()
            }
            Choice::Mask(mask) if mask.len() != len => {
                let advice = format!("give one for each of the {len} trains");
                return Err(argument("length of the train mask", &mask.len(), advice));
            }
            Choice::Mask(mask) => {
                train_ids.iter().zip(mask).filter(|&(_, &keep)| keep).map(|(&id, _)| id).collect()
            }
            Choice::Ids(TrainIds(Ids::Range(start, end))) => {
                let range = (*start, *end);
                train_ids.iter().copied().filter(|id| range.contains(id)).collect()
            }
            Choice::Ids(TrainIds(Ids::List(wanted))) => {
                let mut wanted = wanted.clone();
                wanted.sort_unstable();
                let is_wanted = |id: &u64| wanted.binary_search(id).is_ok();
                train_ids.iter().copied().filter(is_wanted).collect()
            }
        };
        Ok(chosen.into_iter().step_by(self.step).collect())
    }
}

fn argument(argument: &str, value: &dyn ToString, advice: String) -> Error {
    Error::Argument { argument: argument.to_owned(), value: value.to_string(), advice }
}

/// The range of positions that lies within `0..len`.
fn range(start: Bound<i64>, end: Bound<i64>, len: usize) -> Range<usize> {
    let place = |position: i64, more: i64| {
        let from_start = if position < 0 { position.saturating_add(len as i64) } else { position };
        let place = from_start.saturating_add(more).clamp(0, len as i64);
        place as usize
    };
    let start = match start {
        Bound::Included(position) => place(position, 0),
        Bound::Excluded(position) => place(position, 1),
        Bound::Unbounded => 0,
    };
    let end = match end {
        Bound::Included(position) => place(position, 1),
        Bound::Excluded(position) => place(position, 0),
        Bound::Unbounded => len,
    };
    start..end.max(start)
}

macro_rules! from_ranges {
    ($($range:ty, $ids:ty;)+) => {$(
        impl From<$range> for Trains {
            fn from(range: $range) -> Trains {
                let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
                Trains { choice: Choice::PositionRange(bounds.0, bounds.1), step: 1 }
            }
        }

        impl From<$ids> for TrainIds {
            fn from(range: $ids) -> TrainIds {
                TrainIds(Ids::Range(range.start_bound().cloned(), range.end_bound().cloned()))
            }
        }
    )+};
}
from_ranges! {
    Range<i64>, Range<u64>;
    RangeFrom<i64>, RangeFrom<u64>;
    RangeTo<i64>, RangeTo<u64>;
    RangeInclusive<i64>, RangeInclusive<u64>;
}

impl From<RangeFull> for Trains {
    fn from(_: RangeFull) -> Trains {
        Trains { choice: Choice::PositionRange(Bound::Unbounded, Bound::Unbounded), step: 1 }
    }
}

impl From<RangeFull> for TrainIds {
    fn from(_: RangeFull) -> TrainIds {
        TrainIds(Ids::Range(Bound::Unbounded, Bound::Unbounded))
    }
}

impl From<i64> for Trains {
    fn from(position: i64) -> Trains {
        Trains { choice: Choice::Positions(vec![position]), step: 1 }
    }
}

impl From<u64> for TrainIds {
    fn from(id: u64) -> TrainIds {
        TrainIds(Ids::List(vec![id]))
    }
}

macro_rules! from_lists {
    ($([$($generics:tt)*] $positions:ty, $mask:ty, $ids:ty;)+) => {$(
        impl<$($generics)*> From<$positions> for Trains {
            fn from(positions: $positions) -> Trains {
                Trains { choice: Choice::Positions(positions.to_vec()), step: 1 }
            }
        }

        impl<$($generics)*> From<$mask> for Trains {
            fn from(mask: $mask) -> Trains {
                Trains { choice: Choice::Mask(mask.to_vec()), step: 1 }
            }
        }

        impl<$($generics)*> From<$ids> for TrainIds {
            fn from(ids: $ids) -> TrainIds {
                TrainIds(Ids::List(ids.to_vec()))
            }
        }
    )+};
}
from_lists! {
    [] &[i64], &[bool], &[u64];
    [] &Vec<i64>, &Vec<bool>, &Vec<u64>;
    [] Vec<i64>, Vec<bool>, Vec<u64>;
    [const N: usize] [i64; N], [bool; N], [u64; N];
}
