"""Times kernels from Python beside numba's, NumPy's, pyFAI's and the original's, on two workers.

Each row does one work in several ways, in turn; what counts are ratios of one run. A way whose
package is not installed is left out and named.
"""

import importlib.util
import os
import statistics
import time

WORKERS = 2
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = str(WORKERS)

import numpy as np

import speed

CONTEXT = f"threads:{WORKERS}"


def is_here(package):
    return importlib.util.find_spec(package) is not None


def timed(ways, rounds):
    """The least and the median time of each way, of `rounds` in turn after one that is not
    counted."""
    times = {name: [] for name in ways}
    for number in range(rounds + 1):
        names = list(ways)
        for name in names if number % 2 else reversed(names):
            begun = time.perf_counter()
            ways[name]()
            if number:
                times[name].append(time.perf_counter() - begun)
    return {name: (min(taken), statistics.median(taken)) for name, taken in times.items()}


def row(work, ways, rounds, goals):
    """Prints a line for each peer of the first way; `goals` has the most that ratios may be."""
    ours, *peers = timed(ways, rounds).items()
    for name, (least, median) in peers:
        ratios = ours[1][0] / least, ours[1][1] / median
        goal = goals.get(name)
        told = "" if goal is None else f"≤ {goal:g}"
        met = "" if goal is None else "met" if min(ratios) <= goal else "**missed**"
        print(
            f"| {work} | {ours[1][0] * 1e3:.2f} ms | {name} | {least * 1e3:.2f} ms "
            f"| {ratios[0]:.3f} / {ratios[1]:.3f} | {told} | {met} |",
            flush=True,
        )


def scalars():
    values = np.linspace(0, 1, 100_000)
    out = speed.triple(values, context=CONTEXT)
    other = np.empty_like(values)
    ways = {
        "ours": lambda: speed.triple(values, out=out, context=CONTEXT),
        "NumPy": lambda: np.multiply(values, 3.0, out=other),
    }
    goals = {}
    if is_here("numba"):
        import numba

        @numba.njit(parallel=True)
        def triple(values, out):
            for index in numba.prange(values.size):
                out[index] = 3.0 * values[index]

        ways["numba's prange"] = lambda: triple(values, other)
        goals["numba's prange"] = 1.0
    row("triple of 1e5 scalars, `out=`", ways, 401, goals)
    np.testing.assert_array_equal(out, other)


def detector():
    frames = np.random.default_rng(1).integers(0, 4096, (2000, 512, 512), dtype="u2")
    dark = np.random.default_rng(2).random((512, 512), dtype="f4") * 10
    gain = 1 + np.random.default_rng(3).random((512, 512), dtype="f4") / 10
    out = speed.correct(frames, dark, gain, context=CONTEXT)
    corrected = np.zeros(frames.shape, "f4")
    ways = {"ours": lambda: speed.correct(frames, dark, gain, out=out, context=CONTEXT)}
    goals = {}
    if is_here("numba"):
        import numba

        @numba.njit(parallel=True, fastmath=True)
        def correct(frames, dark, gain, corrected, sums, totals):
            for worker in numba.prange(totals.shape[0]):
                totals[worker] = 0
                first = worker * frames.shape[0] // totals.shape[0]
                last = (worker + 1) * frames.shape[0] // totals.shape[0]
                for index in range(first, last):
                    total = 0.0
                    for y in range(frames.shape[1]):
                        for x in range(frames.shape[2]):
                            value = (np.float32(frames[index, y, x]) - dark[y, x]) * gain[y, x]
                            corrected[index, y, x] = value
                            totals[worker, y, x] += value
                            total += value
                    sums[index] = total

        sums, totals = np.zeros(len(frames)), np.zeros((WORKERS, 512, 512))

        def by_numba():
            correct(frames, dark, gain, corrected, sums, totals)
            return totals.sum(axis=0)

        ways["numba's prange"] = by_numba
        goals["numba's prange"] = 1.0
        np.testing.assert_allclose(by_numba(), out.total, rtol=1e-6)
        np.testing.assert_allclose(sums, out.result, rtol=1e-6)
    row("detector job, 2,000 frames of 512 x 512, `out=`", ways, 5, goals)


def integration():
    y, x = np.indices((1024, 1024), dtype="f8")
    radius = np.hypot(y - 511.3, x - 508.7)
    n = 500
    bins = np.minimum(radius / radius.max() * n, n - 1).astype("u2")
    pixels = np.bincount(bins.ravel(), minlength=n).astype("f4")
    frames = np.random.default_rng(4).poisson(30, (100, 1024, 1024)).astype("u2")
    out = speed.integrate(frames, bins, pixels, context=CONTEXT)
    ways = {"ours": lambda: speed.integrate(frames, bins, pixels, out=out, context=CONTEXT)}
    goals = {}
    expected = [np.bincount(bins.ravel(), frame.ravel(), n) / pixels for frame in frames[:3]]
    np.testing.assert_allclose(out[:3], expected, rtol=1e-6)
    if is_here("numba"):
        import numba

        @numba.njit(parallel=True)
        def integrate(frames, bins, pixels, profiles):
            for index in numba.prange(frames.shape[0]):
                sums = np.zeros(pixels.size)
                for y in range(frames.shape[1]):
                    for x in range(frames.shape[2]):
                        sums[bins[y, x]] += frames[index, y, x]
                profiles[index] = sums / pixels

        profiles = np.zeros((len(frames), n), "f4")
        ways["numba's prange"] = lambda: integrate(frames, bins, pixels, profiles)
        goals["numba's prange"] = 1.0
    if is_here("pyFAI"):
        from pyFAI.detectors import Detector
        from pyFAI.integrator.azimuthal import AzimuthalIntegrator

        detector = Detector(1e-4, 1e-4, max_shape=(1024, 1024))
        integrator = AzimuthalIntegrator(
            0.1, 511.3e-4, 508.7e-4, detector=detector, wavelength=1e-10
        )
        for engine in ("histogram", "csr"):
            method = ("no", engine, "cython")

            def by_pyfai(method=method):
                for frame in frames:
                    integrator.integrate1d(frame, n, method=method, correctSolidAngle=False)

            ways[f"pyFAI's {engine}"] = by_pyfai
            goals[f"pyFAI's {engine}"] = 0.2
    row("azimuthal integration of 100 frames of a megapixel, `out=`", ways, 5, goals)


def kernels_in_python():
    if not (is_here("pasha") and is_here("pasha_rs")):
        print("| kernels in Python | | pasha and pasha_rs are not both installed | | | | |")
        return
    import pasha
    import pasha_rs

    def maps(package, len, kernel_of):
        context = package.ProcessContext(num_workers=WORKERS)
        out = context.alloc(len)
        return lambda: context.map(kernel_of(out), np.arange(len))

    def cheap(out):
        def kernel(worker_id, index, value):
            out[index] = value

        return kernel

    def busy(seconds_of):
        def kernel_of(out):
            def kernel(worker_id, index, value):
                end = time.perf_counter() + seconds_of(index)
                while time.perf_counter() < end:
                    pass
                out[index] = value

            return kernel

        return kernel_of

    def both(len, kernel_of):
        return {"ours": maps(pasha_rs, len, kernel_of), "original": maps(pasha, len, kernel_of)}

    row("1e6 cheap items, kernel in Python", both(1_000_000, cheap), 5, {"original": 0.75})
    for name, seconds_of in [
        ("of linearly growing time", lambda index: index * 5e-6),
        ("of which the last 1 % take 100 times as long", lambda index: (5e-4, 5e-2)[index >= 396]),
    ]:
        ideal = sum(map(seconds_of, range(400))) / WORKERS
        ways = both(400, busy(seconds_of)) | {"the ideal": lambda: time.sleep(ideal)}
        row(f"400 items {name}, kernel in Python", ways, 7, {"the ideal": 1.1})


print("| work | ours | peer | peer's | ratio of minima / medians | goal | |")
print("|---|--:|---|--:|--:|--:|---|")
scalars()
kernels_in_python()
integration()
detector()
