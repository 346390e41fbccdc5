//! Damaged chunks of each filter: an error or bytes, but no crash, no hang and no more memory than
//! the chunk asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use ndarray::Ix3;
use nix::sys::resource::{Resource, setrlimit};
use pasha::{Cause, Hdf5Dataset, OnFailure, ProcessContext};
use pasha_tests::at_item;

use crate::support::{copy_frame, npy, with_hdf5plugin};

/// What a reader may take besides what the program has: a chunk has 77 KB.
const MEMORY: u64 = 64 << 20;

/// Damaged chunks of each filter.
const NUM_CHUNKS: usize = 500;

/// Writes a data set of damaged chunks for each filter, and one for each whose chunks end with a
/// checksum, and prints what was done to the chunks of each.
const WRITE: &str = "
import os, random
seed = int(os.environ.get('PASHA_DAMAGE_SEED', 1))
rng, random = np.random.default_rng(seed), random.Random(seed)
x = rng.poisson(3, (1, 128, 150)).astype('u4')
x[rng.random(x.shape) < 0.05] += 70000
np.save('x.npy', x[0:1])
B, B2 = hp.Blosc, hp.Blosc2
FILTERS = {
    'bitshuffle': hp.Bitshuffle(cname='none'),
    'bitshuffle-lz4': hp.Bitshuffle(cname='lz4'),
    'bitshuffle-zstd': hp.Bitshuffle(cname='zstd'),
    'lz4': hp.LZ4(nbytes=4096),
    'zstd': hp.Zstd(),
    'lzf': dict(compression='lzf'),
}
for c in ['blosclz', 'lz4', 'snappy', 'zlib', 'zstd']:
    FILTERS['blosc-' + c] = B(cname=c, shuffle=B.BITSHUFFLE if c == 'lz4' else B.SHUFFLE)
for n, c in enumerate(['blosclz', 'lz4', 'lz4hc', 'zlib', 'zstd']):
    FILTERS['blosc2-' + c] = dict(compression=32026, compression_opts=(0, 4096, 0, 0, 5, [1, 2, 3, 0, 2][n], n + (n > 2)))
# The bytes that say how many there are, or of what format.
SIZES = {'bits': (0, 8), 'lz4': (0, 8), 'zstd': (0, 4), 'blos': (4, 8), 'blo2': (2, 10)}
def damage(kind, good, name):
    b = bytearray(good)
    at = random.randrange(len(b))
    if kind == 'cut': return bytes(b[:at])
    if kind == 'size':
        key = 'blo2' if name.startswith('blosc2') else name[:4]
        a, e = SIZES[key]
        b[random.randrange(a, e)] ^= random.randrange(1, 256)
    elif kind == 'header': b[random.randrange(min(len(b), 140))] = random.randrange(256)
    elif kind == 'length':
        at = random.randrange(min(len(b) - 4, 600)); b[at:at + 4] = random.choice([b'\\xff' * 4, b'\\x7f\\xff\\xff\\xff', b'\\xff\\xff\\xff\\x7f', bytes(4)])
    elif kind == 'flip':
        for _ in range(random.randrange(1, 4)): b[random.randrange(len(b))] ^= 1 << random.randrange(8)
    elif kind == 'noise': b[random.randrange(len(b)):] = random.randbytes(random.randrange(1, 4000))
    elif kind == 'less': del b[at:at + random.randrange(1, 64)]
    return bytes(b)
with h5py.File('damaged.h5', 'w') as f:
    for name, options in FILTERS.items():
        for checked in [False, True]:
            kinds = ['flip', 'cut'] if checked else ['cut', 'header', 'length', 'flip', 'noise', 'less']
            if not checked and name not in ('bitshuffle', 'lzf'): kinds.append('size')
            options = dict(options, fletcher32=checked)
            d = f.create_dataset('good', data=x, chunks=x.shape, **options)
            mask, good = d.id.read_direct_chunk((0, 0, 0))
            assert mask == 0 and np.array_equal(d[...], x)
            full = name + '-checked' * checked
            d = f.create_dataset(full, (500,) + x.shape[1:], x.dtype, chunks=x.shape, **options)
            done = []
            for i in range(500):
                kind = kinds[i % len(kinds)]
                bad = damage(kind, good, name)
                while bad in (good, b''): bad = damage(kind, good, name)
                done.append(kind)
                d.id.write_direct_chunk((i, 0, 0), bad)
            del f['good']
            print(full, *done)
";

#[test]
fn damaged_chunks_of_every_filter_end_in_an_error_or_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let Some(written) = with_hdf5plugin(folder.path(), WRITE) else { return };
    let right = npy::<u32, Ix3>(&folder.path().join("x.npy"));
    let size = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = size.split(' ').next().unwrap().parse().unwrap();
    let most = pages * 4096 + MEMORY;
    for line in written.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let kinds: Vec<&str> = words.collect();
        assert_eq!(kinds.len(), NUM_CHUNKS);
        let dataset =
            Hdf5Dataset::<u32, Ix3>::open(folder.path().join("damaged.h5"), name).unwrap();
        let context = ProcessContext::new(1)
            .unwrap()
            .on_failure(OnFailure::Skip { at_most: NUM_CHUNKS })
            .item_timeout(Duration::from_secs(20))
            .on_worker_start(move |_| {
                setrlimit(Resource::RLIMIT_AS, most, most).expect("the memory can be limited");
            });
        let (out, report) = copy_frame::run_report_in(&context, &dataset).unwrap();
        for item in &report.failed {
            assert!(
                matches!(at_item(&item.cause), (_, Cause::Source(_))),
                "{name}, chunk {}: {}",
                item.index,
                item.cause
            );
        }
        let failed: Vec<usize> = report.failed.iter().map(|item| item.index).collect();
        let mut counts = BTreeMap::<(&str, &str), usize>::new();
        for (index, &kind) in kinds.iter().enumerate() {
            let outcome = if failed.binary_search(&index).is_ok() {
                "error"
            } else if out.index_axis(ndarray::Axis(0), index)
                == right.index_axis(ndarray::Axis(0), 0)
            {
                "right"
            } else {
                "wrong"
            };
            *counts.entry((kind, outcome)).or_default() += 1;
            // A checksum tells all; without, what is missing and what a chunk says of its size and
            // format.
            if name.ends_with("-checked") {
                assert_eq!(outcome, "error", "{name}, chunk {index}: {kind}");
            } else if ["cut", "size"].contains(&kind) {
                assert_ne!(outcome, "wrong", "{name}, chunk {index}: {kind}");
            }
        }
        println!("{name}: {counts:?}");
    }
}
