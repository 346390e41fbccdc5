//! Index groups: which entries of a data set belong to which train.

use hdf5_metno::Group;

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
            let read = group.dataset(name).and_then(|dataset| dataset.read_raw::<u64>());
            cut(read.map_err(|error| format!("its index has no usable {name}: {error}"))?, len)
        };
        let first = numbers("first")?;
        match group.link_exists("count") {
            true => Ok(IndexGroup { first, counts: numbers("count")? }),
            false => Ok(Self::of_old_form(first, &numbers("last")?, &numbers("status")?)?),
        }
    }

    fn of_old_form(first: Vec<u64>, last: &[u64], status: &[u64]) -> Result<IndexGroup, String> {
        let rows = first.iter().zip(last).zip(status);
        let counts = rows
            .map(|((&first, &last), &status)| old_count(first, last, status))
            .collect::<Option<_>>()
            .ok_or("its index ends entries before they begin")?;
        Ok(IndexGroup { first, counts })
    }

    /// The first entry and the number of entries of the train in this row of the file's list.
    pub(super) fn entries(&self, row: usize) -> (u64, u64) {
        let at = |numbers: &[u64]| numbers.get(row).copied().unwrap_or(0);
        (at(&self.first), at(&self.counts))
    }
}

/// The first `len` of an index array, which has padding behind.
pub(super) fn cut<T>(mut padded: Vec<T>, len: usize) -> Result<Vec<T>, SourceError> {
    if padded.len() < len {
        let found = padded.len();
        return Err(format!("an index has {found} entries for {len} trains").into());
    }
    padded.truncate(len);
    Ok(padded)
}

fn old_count(first: u64, last: u64, status: u64) -> Option<u64> {
    if status == 0 {
        return Some(0);
    }
    last.checked_add(1)?.checked_sub(first)?.checked_mul(status)
}

/// Guesses which trains of an old file are not suspect: where the ids do not increase, the side
/// of the step is dropped that costs fewer trains.
pub(super) fn guess_valid(train_ids: &[u64]) -> Vec<bool> {
    let mut valid = vec![true; train_ids.len()];
    for (step, pair) in train_ids.windows(2).enumerate() {
        let (high, low) = (pair[0], pair[1]);
        if low > high {
            continue;
        }
        let (before, after) = train_ids.split_at(step + 1);
        let too_high = before.iter().filter(|&&id| id >= low).count();
        let too_low = after.iter().filter(|&&id| id <= high).count();
        let (valid_before, valid_after) = valid.split_at_mut(step + 1);
        if too_high < too_low {
            for (valid, &id) in valid_before.iter_mut().zip(before) {
                *valid &= id < low;
            }
        } else {
            for (valid, &id) in valid_after.iter_mut().zip(after) {
                *valid &= id > high;
            }
        }
    }
    valid
}

/// Looks at the numbers of an index (`first`, `count`, `last`, `status`) in both forms, and gives
/// what the entries of all trains come to.
pub(crate) fn look_at_index(
    train_ids: &[u64],
    numbers: [Vec<u64>; 4],
) -> Result<(u64, u64), String> {
    let len = train_ids.len();
    let [first, counts, last, status] = numbers;
    let cut = |numbers: Vec<u64>| cut(numbers, len).map_err(|error| error.to_string());
    let new = IndexGroup { first: cut(first.clone())?, counts: cut(counts)? };
    let old = IndexGroup::of_old_form(cut(first)?, &cut(last)?, &cut(status)?)?;
    let valid = guess_valid(train_ids).into_iter().enumerate().filter(|&(_, is_valid)| is_valid);
    Ok(valid.fold((0, 0), |(all_new, all_old), (row, _)| {
        let (all_new, all_old) = (new.entries(row).1.wrapping_add(all_new), all_old);
        (all_new, old.entries(row).1.wrapping_add(all_old))
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
        assert_eq!(old_count(4, 6, 1), Some(3));
        assert_eq!(old_count(4, 3, 0), Some(0));
        assert_eq!(old_count(4, 2, 1), None);
        assert_eq!(old_count(4, u64::MAX, 1), None);
    }
}
