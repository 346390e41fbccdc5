//! Where the chunks of a data set lie in its file, fetched once.

use hdf5_metno::Dataset;

use super::library;

/// A chunk in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredChunk {
    /// Byte in the file.
    pub(super) address: u64,
    /// Bytes in the file.
    pub(super) size: usize,
    /// Which filters were left out, a bit for each.
    pub(super) left_out: u32,
}

/// The chunks that were written, by their number in the grid of chunks in C order.
#[derive(Debug)]
pub(super) struct ChunkIndex(Vec<(usize, StoredChunk)>);

/// The most chunks that are fetched into an index.
///
/// libhdf5 goes over all chunks before the one that it is asked for, so that the time for an
/// index grows with the square of their number: 40 ms for so many.
const MOST_CHUNKS: usize = 2048;

impl ChunkIndex {
    /// Fetches the places of all `count` chunks; `None` if they are too many or not where chunks
    /// can be.
    pub(super) fn fetch(
        dataset: &Dataset,
        shape: &[usize],
        chunk: &[usize],
        count: usize,
    ) -> Option<ChunkIndex> {
        if count > MOST_CHUNKS {
            return None;
        }
        let mut chunks = (0..count)
            .map(|at| {
                let info = library::chunk_info(dataset, at)?;
                let start = info.offset.iter().map(|&start| usize::try_from(start).ok());
                let start: Vec<usize> = start.collect::<Option<_>>()?;
                let size = usize::try_from(info.size).ok()?;
                let stored = StoredChunk { address: info.addr, size, left_out: info.filter_mask };
                Some((number(shape, chunk, &start)?, stored))
            })
            .collect::<Option<Vec<_>>>()?;
        chunks.sort_unstable_by_key(|&(number, _)| number);
        // Two chunks at one place are a damaged file: let libhdf5 say which one it takes.
        let is_unique = chunks.windows(2).all(|pair| pair[0].0 != pair[1].0);
        is_unique.then_some(ChunkIndex(chunks))
    }

    /// The chunk that starts at these coordinates, if it was written.
    pub(super) fn find(
        &self,
        shape: &[usize],
        chunk: &[usize],
        start: &[usize],
    ) -> Option<StoredChunk> {
        let number = number(shape, chunk, start)?;
        let at = self.0.binary_search_by_key(&number, |&(number, _)| number).ok()?;
        Some(self.0[at].1)
    }
}

/// The number of the chunk that starts at these coordinates; `None` if none can start there.
fn number(shape: &[usize], chunk: &[usize], start: &[usize]) -> Option<usize> {
    let along = shape.iter().zip(chunk).zip(start);
    along.into_iter().try_fold(0, |number: usize, ((&len, &chunk), &start)| {
        if start % chunk != 0 || start >= len {
            return None;
        }
        number.checked_mul(len.div_ceil(chunk))?.checked_add(start / chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbered_in_c_order() {
        assert_eq!(number(&[5, 7], &[2, 3], &[0, 0]), Some(0));
        assert_eq!(number(&[5, 7], &[2, 3], &[2, 6]), Some(5));
        assert_eq!(number(&[5, 7], &[2, 3], &[4, 3]), Some(7));
        assert_eq!(number(&[5, 7], &[2, 3], &[1, 3]), None);
        assert_eq!(number(&[5, 7], &[2, 3], &[6, 3]), None);
    }

    /// However many chunks there are, and whether they were written or not.
    #[test]
    fn libhdf5_does_not_go_over_all_chunks_for_each() {
        use crate::hdf5::bands::BandReader;
        use crate::hdf5::library::COUNTED;
        use crate::hdf5::stored::Stored;

        let count = |num_chunks: usize| {
            let name = format!("pasha-{num_chunks}-chunks-{}.h5", std::process::id());
            let path = std::env::temp_dir().join(name);
            let draft = path.with_extension("draft");
            let file = hdf5_metno::File::create(&draft).unwrap();
            let data = file.new_dataset::<u16>().shape((num_chunks, 2)).chunk((1, 2)).deflate(1);
            let data = data.create("a").unwrap();
            let half = ndarray::Array2::<u16>::ones((num_chunks / 2, 2));
            data.write_slice(&half, ndarray::s![..num_chunks / 2, ..]).unwrap();
            file.flush().unwrap();
            // libhdf5 writes to a file once more when the last of its handles is closed.
            std::fs::copy(&draft, &path).unwrap();
            COUNTED.set(0);
            let stored = Stored::open::<u16>(&path, "a").unwrap();
            let mut bands = BandReader::<u16>::new(&stored, 0).unwrap();
            let mut sum = 0;
            for index in 0..num_chunks {
                sum += usize::from(bands.band(index).unwrap().0[1]);
            }
            assert_eq!(sum, num_chunks / 2);
            std::fs::remove_file(path).unwrap();
            std::fs::remove_file(draft).unwrap();
            COUNTED.get()
        };
        // One for their number, and a few for their places where there are few.
        assert!((1..=1 + MOST_CHUNKS).contains(&count(2_000)));
        assert_eq!([count(20_000), count(100_000)], [1, 1]);
    }
}
