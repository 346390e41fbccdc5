"""Integrates X-ray frames azimuthally: by a kernel in Rust, by NumPy, and by pyFAI if it is there.

    maturin develop --release
    python integrate.py --frames 300 --size 1024 --pictures out
"""

import argparse
import time
import warnings

import numpy as np

import saxs


def simulated(num_frames, size, num_bins):
    """Frames of rings around the centre, and the bin of each pixel."""
    y, x = np.indices((size, size)) - (size - 1) / 2
    radius = np.hypot(y, x) / (size / 2)
    bins = np.minimum(radius * num_bins, num_bins).astype(np.uint16)
    rings = 20 + 100 * np.exp(-3 * radius) * np.cos(25 * radius) ** 8
    random = np.random.default_rng(2026)
    few = random.poisson(rings, (min(num_frames, 8), size, size)).astype(np.uint16)
    return few[np.arange(num_frames) % len(few)], bins


def by_numpy(frames, bins, num_bins):
    """The mean count in each bin of each frame."""
    pixels = np.bincount(bins.ravel(), minlength=num_bins + 1)[:num_bins]
    sums = [np.bincount(bins.ravel(), frame.ravel(), num_bins + 1)[:num_bins] for frame in frames]
    return np.stack(sums) / pixels


def by_pyfai(frames, num_bins):
    """The same by pyFAI's histogram engine, or None."""
    try:
        from pyFAI.integrator.azimuthal import AzimuthalIntegrator
    except ImportError:
        return None
    size = frames.shape[1]
    centre = size / 2 * 1e-4
    integrator = AzimuthalIntegrator(
        dist=10, poni1=centre, poni2=centre, pixel1=1e-4, pixel2=1e-4, wavelength=1e-10
    )
    options = dict(unit="r_mm", radial_range=(0, size / 2 * 0.1), correctSolidAngle=False)
    method = ("no", "histogram", "cython")
    return np.stack([
        integrator.integrate1d_ng(frame, num_bins, method=method, **options).intensity
        for frame in frames
    ])


def draw(folder, out, frames):
    """Pictures of the mean frame and the profiles, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not here: no pictures")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    left.imshow(out.total / len(frames))
    right.plot(out.profile[:8].T)
    figure.savefig(f"{folder}/integrated.png")
    print(f"{folder}/integrated.png")


def timed(name, function, *arguments, **keywords):
    start = time.perf_counter()
    result = function(*arguments, **keywords)
    print(f"{name}: {1000 * (time.perf_counter() - start):.0f} ms")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--bins", type=int, default=100)
    parser.add_argument("--pictures", metavar="FOLDER")
    given = parser.parse_args()

    frames, bins = simulated(given.frames, given.size, given.bins)
    out = timed("kernel", saxs.integrate, frames, bins, given.bins)
    timed("kernel, into the same arrays", saxs.integrate, frames, bins, given.bins, out=out)
    profiles = timed("NumPy", by_numpy, frames, bins, given.bins)
    np.testing.assert_allclose(out.profile, profiles, rtol=1e-5)
    np.testing.assert_array_equal(out.total, frames.sum(axis=0, dtype=np.uint32))
    print("the profiles are NumPy's")
    of_pyfai = timed("pyFAI", by_pyfai, frames, given.bins)
    if of_pyfai is not None:
        # The borders of bins are rounded otherwise: some pixels are in a neighbour's.
        print(f"pyFAI differs by {np.nanmedian(np.abs(of_pyfai / profiles - 1)):.1e} at the median")

    # A frame at which the analysis crashes: its worker dies, and the map goes on without it.
    bad = given.frames // 2
    frames[bad, 0, 0] = np.iinfo(np.uint16).max
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = saxs.integrate(frames, bins, given.bins, context="processes:2", skip=1)
    print(f"warning: {caught[0].message}")
    assert np.isnan(out.profile[bad]).all()
    others = np.arange(given.frames) != bad
    np.testing.assert_allclose(out.profile[others], profiles[others], rtol=1e-5)
    try:
        saxs.integrate(frames, bins, given.bins, context="processes:2")
    except saxs.WorkerDied as error:
        print(f"without skip: {type(error).__name__} at index {error.index}, signal {error.signal}")
    else:
        raise AssertionError("the worker did not die")
    if given.pictures:
        draw(given.pictures, out, frames)


if __name__ == "__main__":
    main()
