//! Index groups: which entries of a data set belong to which train.

use hdf5_metno::Group;

use super::values;
use crate::error::SourceError;

/// For each train of a file, where its entries begin and how many there are.
#[derive(Debug, Default)]
pub(super) struct IndexGroup {
    first: Vec<u64>,
    counts: Vec<u64>,
}

impl IndexGroup {
    /// Reads the group of a file with `len` trains, in the new form (`first`, `count`) or the old
    /// (`first`, `last`, `status`).
    pub(super) fn read(group: &Group, len: usize) -> Result<IndexGroup, SourceError> {
        let numbers = |name: &str| -> Result<Vec<u64>, SourceError> {
            let numbers =
                values::counts(group, name).map_err(|error| format!("in its index {error}"))?;
            cut(name, numbers, len).map_err(|error| format!("in its index {error}").into())
        };
        let first = numbers("first")?;
        Ok(match group.link_exists("count") {
            true => Self::new(first, numbers("count")?)?,
            false => Self::of_old_form(first, &numbers("last")?, &numbers("status")?)?,
        })
    }

    /// Refuses numbers that no data set can have: what is calculated of them fits a `u64`.
    fn new(first: Vec<u64>, counts: Vec<u64>) -> Result<IndexGroup, String> {
        let mut total = 0_u64;
        for (row, (&first, &count)) in first.iter().zip(&counts).enumerate() {
            if first.checked_add(count).is_none() {
                return Err(beyond(row, &format!("count {count} from first {first} on")));
            }
            total = total.checked_add(count).ok_or_else(|| {
                beyond(row, &format!("count {count}, after {total} in the rows before"))
            })?;
        }
        Ok(IndexGroup { first, counts })
    }

    fn of_old_form(first: Vec<u64>, last: &[u64], status: &[u64]) -> Result<IndexGroup, String> {
        let rows = first.iter().zip(last).zip(status).enumerate();
        let counts = rows
            .map(|(row, ((&first, &last), &status))| old_count(row, first, last, status))
            .collect::<Result<_, _>>()?;
        Self::new(first, counts)
    }

    /// The first entry and the number of entries of the train in this row of the file's list.
    pub(super) fn entries(&self, row: usize) -> (u64, u64) {
        let at = |numbers: &[u64]| numbers.get(row).copied().unwrap_or(0);
        (at(&self.first), at(&self.counts))
    }
}

/// The first `len` of an index array, which has padding behind.
pub(super) fn cut<T>(name: &str, mut padded: Vec<T>, len: usize) -> Result<Vec<T>, SourceError> {
    if padded.len() < len {
        let found = padded.len();
        return Err(format!("{name} has {found} entries for {len} trains").into());
    }
    padded.truncate(len);
    Ok(padded)
}

/// The number of entries in a row of the old form.
fn old_count(row: usize, first: u64, last: u64, status: u64) -> Result<u64, String> {
    if status == 0 {
        return Ok(0);
    }
    let Some(end) = last.checked_add(1) else {
        return Err(beyond(row, &format!("last {last}")));
    };
    let count = end.checked_sub(first).ok_or_else(|| {
        format!(
            "its index ends entries before they begin, in row {row}: first {first}, last {last}"
        )
    })?;
    count.checked_mul(status).ok_or_else(|| {
        beyond(row, &format!("first {first} and last {last}, {status} times (its status)"))
    })
}

#[cold]
fn beyond(row: usize, numbers: &str) -> String {
    format!("its index has in row {row} more entries than there can be: {numbers}")
}

/// Guesses which trains of an old file are not suspect: where the ids do not increase, the side
/// of the step is dropped that costs fewer trains.
pub(super) fn guess_valid(train_ids: &[u64]) -> Vec<bool> {
    let mut sorted = train_ids.to_vec();
    sorted.sort_unstable();
    let mut before = EarlierCounts::new(train_ids.len());
    // Of each step: from which id on those before it are dropped, up to which those behind it.
    let mut least_dropped = vec![None; train_ids.len()];
    let mut most_dropped = vec![None; train_ids.len()];
    for (step, pair) in train_ids.windows(2).enumerate() {
        let (high, low) = (pair[0], pair[1]);
        before.add(sorted.partition_point(|&id| id < high));
        if low > high {
            continue;
        }
        let (below_low, up_to_high) =
            (sorted.partition_point(|&id| id < low), sorted.partition_point(|&id| id <= high));
        let too_high = step + 1 - before.below(below_low);
        let too_low = up_to_high - before.below(up_to_high);
        match too_high < too_low {
            true => least_dropped[step] = Some(low),
            false => most_dropped[step] = Some(high),
        }
    }
    let mut valid = vec![true; train_ids.len()];
    let mut least = None;
    for (row, &id) in train_ids.iter().enumerate().rev() {
        least = least_dropped[row].into_iter().chain(least).min();
        valid[row] &= least.is_none_or(|least| id < least);
    }
    let mut most = None;
    for (row, &id) in train_ids.iter().enumerate() {
        valid[row] &= most.is_none_or(|most| id > most);
        most = most_dropped[row].max(most);
    }
    valid
}

/// Counts of places in order, as a Fenwick tree: how many lie before a place takes a logarithm.
struct EarlierCounts(Vec<usize>);

impl EarlierCounts {
    /// For this many places.
    fn new(len: usize) -> EarlierCounts {
        EarlierCounts(vec![0; len])
    }

    /// Counts one more at a place.
    fn add(&mut self, mut place: usize) {
        while let Some(count) = self.0.get_mut(place) {
            *count += 1;
            place |= place + 1;
        }
    }

    /// How many were counted at the places before this one.
    fn below(&self, mut place: usize) -> usize {
        let mut all = 0;
        while place > 0 {
            all += self.0[place - 1];
            place &= place - 1;
        }
        all
    }
}

/// Looks at the numbers of an index (`first`, `count`, `last`, `status`) in both forms, and gives
/// what the entries of all trains come to.
pub(crate) fn look_at_index(
    train_ids: &[u64],
    numbers: [Vec<u64>; 4],
) -> Result<(u64, u64), String> {
    let len = train_ids.len();
    let [first, counts, last, status] = numbers;
    let cut = |numbers: Vec<u64>| cut("an array", numbers, len).map_err(|error| error.to_string());
    let new = IndexGroup::new(cut(first.clone())?, cut(counts)?)?;
    let old = IndexGroup::of_old_form(cut(first)?, &cut(last)?, &cut(status)?)?;
    let valid = guess_valid(train_ids).into_iter().enumerate().filter(|&(_, is_valid)| is_valid);
    // No more than the totals, which fit.
    Ok(valid.fold((0, 0), |(all_new, all_old), (row, _)| {
        (all_new + new.entries(row).1, all_old + old.entries(row).1)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_jump_is_the_suspect() {
        assert_eq!(guess_valid(&[1, 2, 900, 3, 4]), [true, true, false, true, true]);
        assert_eq!(guess_valid(&[10, 11, 2, 12, 13]), [true, true, false, true, true]);
        assert_eq!(guess_valid(&[1, 2, 2, 3]), [true, true, false, true]);
        assert_eq!(guess_valid(&[]), [true; 0]);
    }

    #[test]
    fn the_old_form_counts_from_first_to_last() {
        assert_eq!(old_count(9, 4, 6, 1), Ok(3));
        assert_eq!(old_count(9, 4, 3, 0), Ok(0));
        let told = |last, status| old_count(9, 4, last, status).unwrap_err();
        assert!(told(2, 1).contains("in row 9: first 4, last 2"), "{}", told(2, 1));
        assert!(told(u64::MAX, 1).contains("row 9") && told(u64::MAX - 1, 2).contains("2 times"));
    }

    /// As the rule is written, step by step.
    fn guess_step_by_step(train_ids: &[u64]) -> Vec<bool> {
        let mut valid = vec![true; train_ids.len()];
        for step in 1..train_ids.len() {
            let (high, low) = (train_ids[step - 1], train_ids[step]);
            if low > high {
                continue;
            }
            let (before, after) = train_ids.split_at(step);
            let too_high = before.iter().filter(|&&id| id >= low).count();
            let too_low = after.iter().filter(|&&id| id <= high).count();
            for (row, &id) in train_ids.iter().enumerate() {
                valid[row] &= match too_high < too_low {
                    true => row >= step || id < low,
                    false => row < step || id > high,
                };
            }
        }
        valid
    }

    #[test]
    fn suspects_are_those_of_the_rule() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for round in 0..2000 {
            let len = random(12);
            let ids: Vec<u64> = match round % 3 {
                0 => (0..len).map(|_| random(6)).collect(),
                1 => (0..len).map(|id| if random(4) == 0 { random(20) } else { id }).collect(),
                _ => (0..len).map(|id| [u64::MAX - id, id, 0][random(3) as usize]).collect(),
            };
            assert_eq!(guess_valid(&ids), guess_step_by_step(&ids), "{ids:?}");
        }
    }

    /// Step by step it would take minutes, and nobody would wait for the tests.
    #[test]
    fn of_a_long_falling_list_one_train_is_left() {
        let falling: Vec<u64> = (0..200_000).rev().collect();
        let valid = guess_valid(&falling);
        assert_eq!(valid.iter().filter(|&&valid| valid).count(), 1);
    }
}
