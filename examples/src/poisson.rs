//! Poisson-distributed counts at a few nanoseconds each.
//!
//! Walker's alias method: a distribution is cut into columns of equal probability, each of which
//! holds at most two counts. One random number picks a column and decides between the two.

use rand::Rng;

/// Counts less probable than this part of the most probable one never occur.
const NEGLIGIBLE: f64 = 1e-12;

/// Poisson distributions of many means, to draw from.
///
/// # Examples
/// ```
/// use pasha_examples::poisson::PoissonTables;
/// use rand::SeedableRng;
/// use rand_xoshiro::Xoshiro256PlusPlus;
///
/// let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
/// let mut tables = PoissonTables::default();
/// tables.rebuild([0.0, 5.0]);
/// assert_eq!(tables.draw(0, &mut random), 0);
/// let counts: u32 = (0..10_000).map(|_| tables.draw(1, &mut random)).sum();
/// assert!((49_000..51_000).contains(&counts));
/// ```
#[derive(Clone, Debug, Default)]
pub struct PoissonTables {
    tables: Vec<Table>,
    columns: Vec<Column>,
    builder: Builder,
}

/// The distribution for one mean.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// The smallest count: that of the first column.
    smallest: u32,
    /// Where its columns start.
    start: u32,
    /// The number of its columns.
    len: u32,
}

/// One column: its own count with a probability of `own / 2^32`, otherwise the other.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    own: u32,
    /// The other count's column.
    other: u32,
}

/// Buffers that are used again for each table.
#[derive(Clone, Debug, Default)]
struct Builder {
    weights: Vec<f64>,
    small: Vec<u32>,
    large: Vec<u32>,
}

impl PoissonTables {
    /// Replaces all tables: one for each mean, numbered from 0. Memory is used again.
    ///
    /// # Panics
    /// Panics if a mean is negative, not finite, or above a million.
    pub fn rebuild(&mut self, means: impl IntoIterator<Item = f64>) {
        self.tables.clear();
        self.columns.clear();
        for mean in means {
            assert!((0.0..=1e6).contains(&mean), "there is no table for a mean of {mean}");
            let smallest = self.builder.weigh(mean);
            let start = self.columns.len();
            self.builder.fill_columns(&mut self.columns);
            let len = self.columns.len() - start;
            self.tables.push(Table { smallest, start: start as u32, len: len as u32 });
        }
    }

    /// Draws a count from the distribution of a table.
    ///
    /// # Panics
    /// Panics if there is no table of this number.
    #[inline]
    pub fn draw(&self, table: usize, random: &mut impl Rng) -> u32 {
        let Table { smallest, start, len } = self.tables[table];
        // The upper half of the bits picks the column, the lower half decides within it.
        let bits = random.next_u64();
        let picked = (((bits >> 32) * u64::from(len)) >> 32) as u32;
        let column = self.columns[(start + picked) as usize];
        smallest + if (bits as u32) < column.own { picked } else { column.other }
    }
}

impl Builder {
    /// Finds the weights of all counts that are not negligible, with a sum of their number, and
    /// returns the smallest of these counts.
    fn weigh(&mut self, mean: f64) -> u32 {
        self.weights.clear();
        // From the most probable count outwards; each weight follows from its neighbour's.
        let mode = mean.floor();
        let (mut count, mut weight) = (mode, 1.0);
        while weight >= NEGLIGIBLE {
            self.weights.push(weight);
            if count == 0.0 {
                break;
            }
            weight *= count / mean;
            count -= 1.0;
        }
        self.weights.reverse();
        let smallest = mode - (self.weights.len() - 1) as f64;
        (count, weight) = (mode + 1.0, mean / (mode + 1.0));
        while weight >= NEGLIGIBLE {
            self.weights.push(weight);
            count += 1.0;
            weight *= mean / count;
        }
        let scale = self.weights.len() as f64 / self.weights.iter().sum::<f64>();
        self.weights.iter_mut().for_each(|weight| *weight *= scale);
        smallest as u32
    }

    /// Appends a column for each weight: those below the mean of 1 are filled up from those above.
    fn fill_columns(&mut self, columns: &mut Vec<Column>) {
        let start = columns.len();
        self.small.clear();
        self.large.clear();
        for (number, &weight) in self.weights.iter().enumerate() {
            let number = number as u32;
            columns.push(Column { own: u32::MAX, other: number });
            if weight < 1.0 { self.small.push(number) } else { self.large.push(number) }
        }
        while let (Some(small), Some(&large)) = (self.small.pop(), self.large.last()) {
            let weight = self.weights[small as usize];
            let own = (weight * 4_294_967_296.0) as u32;
            columns[start + small as usize] = Column { own, other: large };
            let rest = &mut self.weights[large as usize];
            *rest -= 1.0 - weight;
            if *rest < 1.0 {
                self.large.pop();
                self.small.push(large);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    const MEANS: [f64; 9] = [0.01, 0.5, 0.999, 1.0, 3.7, 20.0, 64.5, 250.0, 3000.0];

    /// Draws `n` counts of each mean.
    fn for_each_mean(n: usize, mut check: impl FnMut(f64, Vec<f64>)) {
        let mut tables = PoissonTables::default();
        tables.rebuild(MEANS);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(20160623);
        for (table, &mean) in MEANS.iter().enumerate() {
            check(mean, (0..n).map(|_| f64::from(tables.draw(table, &mut random))).collect());
        }
    }

    #[test]
    fn mean_and_variance_are_those_of_a_poisson_distribution() {
        const N: usize = 1_000_000;
        for_each_mean(N, |mean, counts| {
            let n = N as f64;
            let found = counts.iter().sum::<f64>() / n;
            let variance =
                counts.iter().map(|count| (count - found).powi(2)).sum::<f64>() / (n - 1.0);
            // Standard errors: of the mean sqrt(m/n); of the variance sqrt((m + 2m²)/n), from
            // the fourth central moment m + 3m². Four of them: 1 in 16,000 for one true value.
            let of_mean = (mean / n).sqrt();
            let of_variance = ((mean + 2.0 * mean * mean) / n).sqrt();
            assert!((found - mean).abs() < 4.0 * of_mean, "mean {found} for {mean}");
            assert!((variance - mean).abs() < 4.0 * of_variance, "variance {variance} for {mean}");
        });
    }

    #[test]
    fn the_distribution_is_right_count_by_count() {
        const N: usize = 1_000_000;
        for_each_mean(N, |mean, counts| {
            let mut found = vec![0_u64; 8192];
            counts.iter().for_each(|&count| found[count as usize] += 1);
            // The probabilities by their logarithms, independent of how the tables are made.
            let mut log_probability = -mean;
            let (mut chi_squared, mut cells) = (0.0, 0.0);
            for (count, &found) in found.iter().enumerate() {
                if count > 0 {
                    log_probability += (mean / count as f64).ln();
                }
                let expected = N as f64 * log_probability.exp();
                if expected >= 10.0 {
                    chi_squared += (found as f64 - expected).powi(2) / expected;
                    cells += 1.0;
                }
            }
            // Chi squared has a mean of the degrees of freedom and twice that as variance.
            let freedom = f64::max(cells - 1.0, 1.0);
            let limit = freedom + 5.0 * (2.0 * freedom).sqrt();
            assert!(chi_squared < limit, "chi squared {chi_squared} of {freedom} for {mean}");
        });
    }

    #[test]
    fn a_mean_of_zero_gives_zeros() {
        let mut tables = PoissonTables::default();
        tables.rebuild([0.0]);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        assert!((0..1000).all(|_| tables.draw(0, &mut random) == 0));
    }
}
