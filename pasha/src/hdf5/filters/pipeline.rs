//! Which filters the chunks of a data set have passed.

use super::bitshuffle::{Bitshuffle, BlockCodec};
use super::bytes::HeaderBytes;
use super::{blosc, deflate, fletcher32, lz4, lzf, wrong_size};

/// One filter that is undone here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    /// With the size of an element.
    Shuffle(usize),
    Fletcher32,
    Lzf,
    Blosc,
    Lz4,
    Bitshuffle(Bitshuffle),
    Zstd,
    Blosc2,
}

/// The codecs that a data set of Blosc2 may be written with, and its filters, for this to be able
/// to read it.
const BLOSC2_CODECS: u32 = 5;
const BLOSC2_FILTERS: u32 = 4;

impl Filter {
    /// The filter of this number and with these parameters; `None` if libhdf5 has to undo it.
    fn new(number: i32, parameters: &[u32]) -> Option<Filter> {
        Some(match number {
            1 => Filter::Deflate,
            2 => Filter::Shuffle(usize::try_from(*parameters.first()?).ok()?),
            3 => Filter::Fletcher32,
            32000 => Filter::Lzf,
            32001 => Filter::Blosc,
            32004 => Filter::Lz4,
            32008 => Filter::Bitshuffle(Bitshuffle::new(parameters)?),
            32015 => Filter::Zstd,
            32026 => {
                let is_within = |at: usize, most| parameters.get(at).is_none_or(|&n| n <= most);
                (is_within(5, BLOSC2_FILTERS) && is_within(6, BLOSC2_CODECS))
                    .then_some(Filter::Blosc2)?
            }
            _ => return None,
        })
    }

    /// Whether as many bytes come out as go in, or a number that does not depend on them.
    pub(super) fn compresses(self) -> bool {
        match self {
            Filter::Shuffle(_) | Filter::Fletcher32 => false,
            Filter::Bitshuffle(bitshuffle) => bitshuffle.codec != BlockCodec::Stored,
            _ => true,
        }
    }

    /// Checks that `stored` may be `len` bytes that were compressed with this filter.
    fn check_claim(self, stored: &[u8], len: usize) -> Result<(), String> {
        let claimed = match self {
            Filter::Blosc => blosc::claimed_by_chunk(stored)?,
            Filter::Blosc2 => blosc::claimed_by_frame(stored)?,
            Filter::Lz4 | Filter::Bitshuffle(_) => {
                return lz4::header(&mut HeaderBytes::new(stored), len).map(drop);
            }
            _ => len,
        };
        if claimed == len { Ok(()) } else { Err(wrong_size(claimed, len)) }
    }

    /// How many times smaller than what went in the bytes that come out can be, if there is a
    /// limit.
    fn most(self) -> Option<usize> {
        match self {
            Filter::Deflate => Some(deflate::MOST_EXPANSION),
            Filter::Lzf => Some(lzf::MOST_EXPANSION),
            Filter::Lz4 => Some(lz4::MOST_EXPANSION),
            Filter::Zstd => Some(super::zstd::MOST_EXPANSION),
            Filter::Bitshuffle(bitshuffle) => match bitshuffle.codec {
                BlockCodec::Zstd => Some(super::zstd::MOST_EXPANSION),
                _ => Some(lz4::MOST_EXPANSION),
            },
            Filter::Blosc | Filter::Blosc2 | Filter::Shuffle(_) | Filter::Fletcher32 => None,
        }
    }
}

/// The filters that the bytes of a chunk have passed, in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) struct Pipeline(Vec<Filter>);

impl Pipeline {
    /// The pipeline of filters, given by HDF5's numbers and parameters; `None` if libhdf5 has to
    /// undo them.
    pub(in crate::hdf5) fn new(filters: &[(i32, Vec<u32>)]) -> Option<Pipeline> {
        let filters: Option<Vec<Filter>> =
            filters.iter().map(|(number, parameters)| Filter::new(*number, parameters)).collect();
        let filters = filters?;
        // How much comes out of the first of two is not known.
        let num_compressed = filters.iter().filter(|filter| filter.compresses()).count();
        // The mask of filters that were left out has 32 bits.
        (num_compressed <= 1 && filters.len() <= 32).then_some(Pipeline(filters))
    }

    /// The filters that were applied to a chunk, in the order of writing.
    pub(super) fn applied(&self, left_out: u32) -> impl DoubleEndedIterator<Item = Filter> {
        let number = move |at: usize| left_out & (1 << at) == 0;
        self.0.iter().enumerate().filter(move |&(at, _)| number(at)).map(|(_, &filter)| filter)
    }

    /// Whether the bytes of a chunk in the file are those in memory.
    pub(in crate::hdf5) fn is_plain(&self, left_out: u32) -> bool {
        self.applied(left_out).next().is_none()
    }

    /// Checks that `stored`, the bytes of a chunk in the file, may be `plain` bytes in memory,
    /// before memory is taken for them.
    pub(in crate::hdf5) fn check_size(
        &self,
        left_out: u32,
        stored: &[u8],
        plain: usize,
    ) -> Result<(), String> {
        let impossible =
            || format!("{} bytes in the file can't be the {plain} bytes of a chunk", stored.len());
        let (mut compressor, mut checksums, mut is_outermost) = (None, 0, false);
        // Bytes that the compressor was given.
        let mut given = plain;
        for filter in self.applied(left_out) {
            match filter {
                Filter::Fletcher32 => checksums += fletcher32::SIZE,
                _ if filter.compresses() => {
                    compressor = Some(filter);
                    given = plain.saturating_add(checksums);
                    (checksums, is_outermost) = (0, true);
                }
                _ => is_outermost = false,
            }
        }
        let Some(compressor) = compressor else {
            let is_possible = stored.len() == plain.saturating_add(checksums);
            return is_possible.then_some(()).ok_or_else(impossible);
        };
        if compressor.most().is_some_and(|most| stored.len().saturating_mul(most) < given) {
            return Err(impossible());
        }
        let end = stored.len().checked_sub(checksums).ok_or_else(impossible)?;
        if is_outermost { compressor.check_claim(&stored[..end], given) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_left_to_libhdf5() {
        assert_eq!(Pipeline::new(&[(4, vec![])]), None);
        assert_eq!(Pipeline::new(&[(1, vec![]), (1, vec![])]), None);
        assert_eq!(Pipeline::new(&[(32008, vec![0, 5, 2, 0, 2]), (1, vec![])]), None);
        // Bitshuffle without the size of an element, or with a codec that it does not have.
        assert_eq!(Pipeline::new(&[(32008, vec![0, 5])]), None);
        assert_eq!(Pipeline::new(&[(32008, vec![0, 5, 2, 0, 7])]), None);
        // A codec of Blosc2's own plugins.
        assert_eq!(Pipeline::new(&[(32026, vec![1, 0, 2, 64, 5, 1, 35])]), None);
        assert!(Pipeline::new(&[(32026, vec![1, 0, 2, 64, 5, 1, 5])]).is_some());
        assert!(Pipeline::new(&[(32008, vec![0, 5, 2]), (1, vec![])]).is_some());
        assert!(Pipeline::new(&[]).unwrap().is_plain(0));
    }

    #[test]
    fn impossible_sizes_are_told() {
        let deflate = Pipeline::new(&[(1, vec![4])]).unwrap();
        assert!(deflate.check_size(0, &[0; 10], 10_000).is_ok());
        assert!(deflate.check_size(0, &[0; 10], 20_000).is_err());
        assert!(deflate.check_size(1, &[0; 10], 11).is_err());
        let header = [0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0];
        let lz4 = Pipeline::new(&[(3, vec![]), (32004, vec![])]).unwrap();
        assert!(lz4.check_size(0, &header, 96).is_ok());
        assert!(lz4.check_size(0, &header, 100).is_err());
        assert!(lz4.check_size(0, &header[..4], 96).is_err());
    }
}
