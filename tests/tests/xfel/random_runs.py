"""random_runs.py FOLDER FIRST COUNT: writes runs of random make, and what EXtra-data sees in them.

For each seed N from FIRST on: the folder N is the run; N.all.tsv and N.valid.tsv have a line for each
key and train, with and without suspect trains: source, key, index, train id, number of axes, length of
the first (-1 if there is none), CRC-32, with "-" for the last three where there are no data. Where
EXtra-data refuses to open the run there is no such file.
"""
import contextlib
import io
import os
import sys
import warnings
import zlib

import h5py
import numpy as np

warnings.simplefilter("ignore")
VERSIONS = ["0.5", "1.0", "1.1", "1.2", "1.3"]
TYPES = "u1 u2 u4 u8 i1 i2 i4 i8 f4 f8 >u2 >f4 >i8 ? text".split()
TEXT = h5py.special_dtype(vlen=bytes)


def make(rng, folder):
    """Writes a run: its sources are spread over aggregators, and their trains over sequences."""
    os.makedirs(folder)
    version = rng.choice(VERSIONS)
    num_trains = int(rng.integers(1, 40))
    train_ids = int(rng.integers(1, 10**9)) + np.cumsum(rng.choice([1, 1, 1, 2, 5], num_trains))
    sources = [make_source(rng, number) for number in range(rng.integers(1, 5))]
    num_aggregators = int(rng.integers(1, 3))
    aggregator_of = rng.integers(0, num_aggregators, len(sources))
    for aggregator in range(num_aggregators):
        mine = [source for source, its in zip(sources, aggregator_of) if its == aggregator]
        ids = train_ids[rng.random(num_trains) < rng.choice([1, 0.9, 0.5])]
        sequences = spread(rng, ids, int(rng.integers(1, 4)))
        if len(sequences) > 1 and len(ids) and rng.random() < 0.05:
            # One train in two files of a source: the run can't be opened.
            sequences[1] = np.union1d(sequences[1], sequences[0][:1])
        for sequence, part in enumerate(sequences):
            if version == "0.5" and len(part) > 2 and rng.random() < 0.3:
                # A train id that can't be right.
                part = part.copy()
                part[rng.integers(0, len(part))] = train_ids[0] + rng.integers(0, 200)
            path = os.path.join(folder, f"RAW-R0001-DA{aggregator:02}-S{sequence:05}.h5")
            write(rng, path, version, mine, part)


def spread(rng, ids, num_sequences):
    """Spreads train ids over sequences: in blocks, in turn, or anyhow."""
    way = rng.choice(["blocks", "in turn", "anyhow"])
    if way == "blocks":
        return np.array_split(ids, num_sequences)
    if way == "in turn":
        return [ids[number::num_sequences] for number in range(num_sequences)]
    places = rng.integers(0, num_sequences, len(ids))
    return [ids[places == number] for number in range(num_sequences)]


def make_source(rng, number):
    """A source: its section, name, index groups and keys as (group, key, type, shape of an entry)."""
    section = rng.choice(["CONTROL", "INSTRUMENT"])
    name = f"ODD{number}" if rng.random() < 0.1 else f"SA{number}/DEV/{section[0]}{number}"
    groups = [""]
    if section == "INSTRUMENT":
        name += ":out"
        groups = ["data", "image"][: int(rng.integers(1, 3))]
    keys = []
    for group in groups:
        for key in range(rng.integers(1, 4)):
            kind = rng.choice(TYPES)
            shape = tuple(int(n) for n in rng.integers(1, 6, rng.integers(0, 3)))
            path = ("sub/" if key == 2 else "") + f"key{key}"
            path = f"{group}/{path}" if group else f"{path}/value"
            keys.append((group, path, kind, shape[:1] if kind == "text" else shape))
    return section, name, groups, keys


def write(rng, path, version, sources, ids):
    """Writes one file, with junk behind what counts."""
    num_trains, padding = len(ids), int(rng.choice([0, 0, 3]))

    def padded(array):
        return np.concatenate([array, rng.integers(0, 5, padding).astype(array.dtype)])

    with h5py.File(path, "w") as file:
        file["INDEX/trainId"] = np.concatenate([ids, np.zeros(padding)]).astype("u8")
        names = [
            f"{section}/{name}" + (f"/{group}" if group else "")
            for section, name, groups, _ in sources
            for group in groups
        ]
        names = np.array([name.encode() for name in names] + [b""], dtype=object)
        where = "dataSourceId" if version == "0.5" else "dataSources/dataSourceId"
        file.create_dataset(f"METADATA/{where}", data=names, dtype=TEXT)
        if version != "0.5":
            file.create_dataset(
                "METADATA/dataFormatVersion", data=np.array([version.encode()], object), dtype=TEXT
            )
            is_good = rng.random(num_trains) < rng.choice([0.85, 1, 1])
            flag = np.where(is_good, 0, rng.integers(1, 3)) if version == "1.1" else is_good
            file["INDEX/flag"] = padded(flag.astype("i4"))
            file["INDEX/timestamp"] = np.arange(num_trains + padding, dtype="u8")
        for section, name, groups, keys in sources:
            for group in groups:
                most = 1 if section == "CONTROL" else rng.choice([1, 3])
                counts = rng.integers(rng.choice([0, 1]), most, num_trains, "u8", endpoint=True)
                before = int(rng.choice([0, 0, 0, 2]))
                first = before + np.cumsum(counts) - counts
                index = f"INDEX/{name}" + (f"/{group}" if group else "")
                file[f"{index}/first"] = padded(first.astype("u8"))
                if version == "0.5" or rng.random() < 0.1:
                    last = np.where(counts > 0, first + counts - 1, first)
                    file[f"{index}/last"] = padded(last.astype("u8"))
                    file[f"{index}/status"] = padded((counts > 0).astype("i4"))
                else:
                    file[f"{index}/count"] = padded(counts.astype("u8"))
                num_entries = before + int(counts.sum()) + int(rng.choice([0, 0, 2]))
                for _, key, kind, shape in (key for key in keys if key[0] == group):
                    write_key(rng, file, f"{section}/{name}/{key}", kind, (num_entries, *shape))


def write_key(rng, file, name, kind, shape):
    """Writes random entries in one piece or in chunks."""
    how = {}
    if shape[0] and rng.random() < 0.6:
        how["chunks"] = tuple(int(rng.integers(1, length + 1)) for length in shape)
        if rng.random() < 0.6:
            how.update(compression="gzip", shuffle=bool(rng.random() < 0.5))
            how["fletcher32"] = bool(kind != "text" and rng.random() < 0.5)
        if rng.random() < 0.3:
            how["maxshape"] = (None, *shape[1:])
    if kind == "text":
        data = np.empty(shape, object)
        for place in np.ndindex(shape):
            data[place] = f"tÄxt {rng.integers(0, 99)}".encode()
        file.create_dataset(name, data=data, dtype=TEXT, **how)
        return
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        data = rng.normal(size=shape)
    elif dtype.kind == "b":
        data = rng.random(shape) < 0.5
    else:
        range_ = np.iinfo(dtype)
        data = rng.integers(range_.min, range_.max, shape, dtype.newbyteorder("="), endpoint=True)
    file.create_dataset(name, data=np.asarray(data).astype(dtype), **how)


def checksum(values):
    """The CRC-32 of the little-endian bytes in C order; of texts with a zero behind each."""
    if values.dtype.kind in "OS":
        return zlib.crc32(b"".join(text + b"\0" for text in values.ravel()))
    return zlib.crc32(values.astype(values.dtype.newbyteorder("<")).tobytes())


def lines_of(folder, include_suspect):
    """What EXtra-data sees; nothing if it refuses to open the run."""
    import extra_data

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            run = extra_data.RunDirectory(folder, inc_suspect_trains=include_suspect)
    except ValueError:
        return None
    lines = []
    for index, (train_id, data) in enumerate(run.trains()):
        for source in run.all_sources:
            for key in run.keys_for_source(source):
                seen = ["-"] * 3
                if key in data.get(source, {}):
                    values = np.asarray(data[source][key])
                    seen = [values.ndim, values.shape[0] if values.ndim else -1, checksum(values)]
                lines.append("\t".join(map(str, [source, key, index, train_id, *seen])))
    return lines


def main():
    folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for seed in range(first, first + count):
        run = os.path.join(folder, str(seed))
        make(np.random.default_rng(seed), run)
        for which in ["all", "valid"]:
            lines = lines_of(run, which == "all")
            if lines is not None:
                with open(f"{run}.{which}.tsv", "w") as file:
                    file.writelines(line + "\n" for line in sorted(lines))


main()
