"""The same work with Python pasha and NumPy.

Reads one request a line ("detector fresh", "detector second", "items serial", ...), does it, and
answers with the seconds that it took. It answers "ready" first.
"""
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


def main():
    detector = None
    print("ready", flush=True)
    for line in sys.stdin:
        what, which = line.split()
        if what == "detector":
            detector = detector or Detector()
            took = getattr(detector, which)()
        else:
            took = items(CONTEXTS[which])
        print(took, flush=True)


if __name__ == "__main__":
    main()
