"""The same work with Python pasha and NumPy.

Reads one request a line ("detector fresh", "detector second", "items serial", "write gzip FOLDER",
"mean processes FOLDER", "frames sum FILE", ...), does it, and answers with the seconds that it took. It answers "ready"
first.
"""
import multiprocessing
import os
import sys
import time

import numpy as np
import pasha

NUM_WORKERS = 2
FRAMES, SIDE = 2000, 512
ITEMS = 100_000


def contexts():
    yield "serial", pasha.SerialContext()
    yield "threads", pasha.ThreadContext(num_workers=NUM_WORKERS)
    yield "processes", pasha.ProcessContext(num_workers=NUM_WORKERS)


CONTEXTS = dict(contexts())


class Detector:
    def __init__(self):
        self.context = CONTEXTS["processes"]
        rng = np.random.default_rng(1)
        self.frames = rng.integers(0, 4096, (FRAMES, SIDE, SIDE), dtype=np.uint16)
        self.dark = rng.uniform(10, 23, (SIDE, SIDE)).astype(np.float32)
        self.gain = rng.uniform(1, 1.4, (SIDE, SIDE)).astype(np.float32)
        self.out = None

    def alloc(self):
        alloc = self.context.alloc
        corrected = alloc(shape=(FRAMES, SIDE, SIDE), dtype=np.float32)
        sums = alloc(shape=(FRAMES,), dtype=np.float64)
        maxima = alloc(shape=(FRAMES,), dtype=np.float32)
        total = self.context.alloc_per_worker(shape=(SIDE, SIDE), dtype=np.float64) \
            if hasattr(self.context, "alloc_per_worker") \
            else alloc(shape=(SIDE, SIDE), dtype=np.float64, per_worker=True)
        return corrected, sums, maxima, total

    def run(self, out):
        corrected, sums, maxima, total = out
        dark, gain = self.dark, self.gain
        total[...] = 0

        def correct(worker_id, index, frame):
            slot = corrected[index]
            np.subtract(frame, dark, out=slot)
            slot *= gain
            sums[index] = slot.sum(dtype=np.float64)
            maxima[index] = slot.max()
            total[worker_id] += slot

        self.context.map(correct, self.frames)
        return total.sum(axis=0)

    def fresh(self):
        begun = time.perf_counter()
        out = self.alloc()
        self.run(out)
        return time.perf_counter() - begun

    def second(self):
        if self.out is None:
            self.out = self.alloc()
            self.run(self.out)
        begun = time.perf_counter()
        self.run(self.out)
        return time.perf_counter() - begun


def items(context):
    values = np.arange(ITEMS, dtype=np.float64)
    out = context.alloc(shape=(ITEMS,), dtype=np.float64)

    def triple(worker_id, index, value):
        out[index] = 3 * value

    begun = time.perf_counter()
    context.map(triple, values)
    took = time.perf_counter() - begun
    assert (out == 3 * values).all()
    return took


CAMERA = "BENCH/CAM/CAMERA:daqOutput", "data.image.pixels"
IMAGES_APART = 50


def write(storage, trains, folder):
    """Writes a run of one camera, as the European XFEL's data acquisition lays it out."""
    import h5py

    os.makedirs(folder, exist_ok=True)
    begun = time.perf_counter()
    rng = np.random.default_rng(1)
    place = np.indices((SIDE, SIDE)) - SIDE / 2
    spot = 500 * np.exp(-(place**2).sum(axis=0) / 40**2)
    apart = [rng.normal(50 + spot, 3).round().astype(np.uint16) for _ in range(IMAGES_APART)]
    path = os.path.join(folder, "RAW-R0001-DA01-S00000.h5")
    with h5py.File(path + ".part", "w") as file:
        source, key = CAMERA
        group, rest = key.split(".", 1)
        file["METADATA/dataFormatVersion"] = np.array([b"1.2"])
        file["METADATA/dataSources/dataSourceId"] = np.array([f"INSTRUMENT/{source}/{group}".encode()])
        file["INDEX/trainId"] = np.arange(10_000, 10_000 + trains, dtype=np.uint64)
        file["INDEX/flag"] = np.ones(trains, dtype=np.int32)
        file["INDEX/timestamp"] = np.zeros(trains, dtype=np.uint64)
        file[f"INDEX/{source}/{group}/first"] = np.arange(trains, dtype=np.uint64)
        file[f"INDEX/{source}/{group}/count"] = np.ones(trains, dtype=np.uint64)
        how = {}
        if storage == "gzip":
            how = {"chunks": (1, SIDE, SIDE), "compression": "gzip", "shuffle": True}
        name = f"INSTRUMENT/{source}/{group}/{rest.replace('.', '/')}"
        data = file.create_dataset(name, (trains, SIDE, SIDE), np.uint16, **how)
        for train in range(trains):
            if how and train >= IMAGES_APART:
                # Compressed already.
                mask, chunk = data.id.read_direct_chunk((train % IMAGES_APART, 0, 0))
                data.id.write_direct_chunk((train, 0, 0), chunk, mask)
            else:
                data[train] = apart[train % IMAGES_APART]
    os.rename(path + ".part", path)
    return time.perf_counter() - begun


def mean(context, folder):
    """The mean of each train's image, by EXtra-data."""
    import extra_data

    images = extra_data.RunDirectory(folder)[CAMERA]
    out = context.alloc(shape=(len(images.train_ids),), dtype=np.float64)

    def mean_of(worker_id, index, train_id, image):
        out[index] = image.mean()

    begun = time.perf_counter()
    context.map(mean_of, images)
    took = time.perf_counter() - begun
    assert (out > 50).all()
    return took


FRAMES_NAME = "entry/data/data"


def write_frames(element, count, side, path):
    """Writes frames as an Eiger detector counts them: few photons, fewer away from the beam, gaps at the largest number."""
    import h5py
    import hdf5plugin

    begun = time.perf_counter()
    rng = np.random.default_rng(1)
    y, x = np.indices((side, side)) - side / 2
    radius = np.hypot(x, y)
    mean = 0.3 + 20 * np.exp(-radius / 120) + 2 * np.exp(-(((radius - 300) / 10) ** 2))
    with h5py.File(path + ".part", "w") as file:
        shape, chunks = (count, side, side), (1, side, side)
        data = file.create_dataset(FRAMES_NAME, shape, element, chunks=chunks, **hdf5plugin.Bitshuffle())
        for number in range(count):
            frame = rng.poisson(mean).astype(element)
            frame[side // 2 - 20 : side // 2 + 20] = np.iinfo(element).max
            data[number] = frame
    os.rename(path + ".part", path)
    return time.perf_counter() - begun


def read_frames(path):
    """Reads all frames one after another, into the same memory."""
    import h5py
    import hdf5plugin

    with h5py.File(path) as file:
        data = file[FRAMES_NAME]
        frame = np.empty(data.shape[1:], data.dtype)
        begun = time.perf_counter()
        for number in range(len(data)):
            data.read_direct(frame, np.s_[number])
        return time.perf_counter() - begun


def sum_part(path, part):
    """The sums of every so many frames, in a worker process."""
    import h5py
    import hdf5plugin

    with h5py.File(path) as file:
        data = file[FRAMES_NAME]
        return [int(data[number].sum(dtype="u8")) for number in range(part, len(data), NUM_WORKERS)]


def sum_frames(pool, path):
    """The sums of all frames, by processes that are there already."""
    begun = time.perf_counter()
    sums = pool.starmap(sum_part, [(path, part) for part in range(NUM_WORKERS)], chunksize=1)
    took = time.perf_counter() - begun
    assert all(sum(sums, []))
    return took


def main():
    detector = pool = None
    print("ready", flush=True)
    for line in sys.stdin:
        what, which, *rest = line.split(maxsplit=2)
        if what == "detector":
            detector = detector or Detector()
            took = getattr(detector, which)()
        elif what == "write":
            trains, folder = rest[0].split(maxsplit=1)
            took = write(which, int(trains), folder.rstrip("\n"))
        elif what == "frames" and which == "write":
            element, count, side, path = rest[0].rstrip("\n").split(maxsplit=3)
            took = write_frames(element, int(count), int(side), path)
        elif what == "frames" and which == "read":
            took = read_frames(rest[0].rstrip("\n"))
        elif what == "frames":
            pool = pool or multiprocessing.Pool(NUM_WORKERS)
            took = sum_frames(pool, rest[0].rstrip("\n"))
        elif what == "mean":
            took = mean(CONTEXTS[which], rest[0].rstrip("\n"))
        else:
            took = items(CONTEXTS[which])
        print(took, flush=True)


if __name__ == "__main__":
    main()
