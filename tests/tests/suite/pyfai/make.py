"""Makes the reference data of `saxs_pyfai.rs` beside this script: `python3 make.py`.

It needs pyFAI (made with 2026.9.0) and fabio. All integration is without pixel splitting, by the method
("no", "histogram", "cython"). `profiles.npy` has one row per case, in the order in which the cases
stand here: the radial axis, then intensity and sigma of frame 0, then those of frame 1.
"""

import pathlib

import fabio.edfimage
import fabio.tifimage
import numpy as np
from pyFAI import detector_factory
from pyFAI.detectors import Detector
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

METHOD = ("no", "histogram", "cython")
UNITS = ["q_A^-1", "q_nm^-1", "2th_deg", "2th_rad", "r_mm"]
NUM_BINS = 20
SHAPE = (40, 50)
FOLDER = pathlib.Path(__file__).parent


def integrator(orientation=3, detector=None):
    if detector is None:
        detector = Detector(pixel1=1.5e-3, pixel2=1.8e-3, max_shape=SHAPE, orientation=orientation)
    return AzimuthalIntegrator(
        dist=0.12, poni1=0.021, poni2=0.033, rot1=0.21, rot2=-0.13, rot3=0.37,
        detector=detector, wavelength=0.98e-10)


def profile(ai, frames, unit, solid_angle, factor, **more):
    found = []
    for frame in frames:
        errors = {"error_model": "poisson"}
        if "dark" in more:
            # pyFAI itself leaves out the errors of what is subtracted.
            errors = {"variance": np.maximum(1, frame) + more["dark"]}
        found.append(ai.integrate1d_ng(
            frame, NUM_BINS, unit=unit, correctSolidAngle=solid_angle, method=METHOD,
            polarization_factor=factor, **errors, **more))
    for one in found:  # bins without pixels
        one.intensity[one.count == 0] = np.nan
        one.sigma[one.count == 0] = np.nan
    return [found[0].radial] + [values for one in found for values in (one.intensity, one.sigma)]


def save(name, array):
    np.save(FOLDER / name, array)


rng = np.random.default_rng(20)
ai = integrator()
frames = rng.poisson(9 * np.exp(-3 * ai.center_array(SHAPE, unit="2th_rad")) + 0.2, (2, *SHAPE)).astype("i4")
blank = rng.poisson(0.3, SHAPE).astype("i4")
mask = np.zeros(SHAPE, "u1")
mask[13:16] = 1
mask[0, :10] = 1
mask[-5:, -9:] = 1
mask[20:22, 30:32] = 1
save("frames.npy", frames)
save("blank.npy", blank)
save("mask.npy", mask)
fabio.edfimage.EdfImage(data=mask).write(str(FOLDER / "mask.edf"))
fabio.tifimage.TifImage(data=mask).write(str(FOLDER / "mask.tif"))
fabio.edfimage.EdfImage(data=blank).write(str(FOLDER / "blank.edf"))
fabio.tifimage.TifImage(data=blank.astype("f4")).write(str(FOLDER / "blank.tif"))

# The same geometry in every version of the file.
numbers = "Distance: 0.12\nPoni1: 0.021\nPoni2: 0.033\nRot1: 0.21\nRot2: -0.13\nRot3: 0.37\nWavelength: 9.8e-11\n"
config = '{"pixel1": 0.0015, "pixel2": 0.0018, "max_shape": [40, 50]'
(FOLDER / "version_1.poni").write_text("# Calibration done at Mon Mar  3 2014\nPixelSize1: 0.0015\nPixelSize2: 0.0018\n" + numbers)
(FOLDER / "version_2.poni").write_text(
    "poni_version: 2\nDetector: Detector\nDetector_config: " + config + "}\n" + numbers)
for orientation in (1, 2, 3, 4):
    (FOLDER / f"version_2.1_orientation_{orientation}.poni").write_text(
        "# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis\nponi_version: 2.1\nDetector: Detector\n"
        "Detector_config: " + config + f', "orientation": {orientation}}}\n' + numbers)
path = FOLDER / "written_by_pyfai.poni"
path.unlink(missing_ok=True)
ai.save(str(path))

cases = []
for unit in UNITS:
    for solid_angle in (False, True):
        for factor in (None, 0.99, -0.5):
            cases.append(profile(ai, frames, unit, solid_angle, factor, mask=mask))
for orientation in (1, 2, 4):
    cases.append(profile(integrator(orientation), frames, "q_nm^-1", True, 0.99, mask=mask))
cases.append(profile(ai, frames, "q_nm^-1", True, 0.99, mask=mask, dark=blank))
# pyFAI counts pixels of the bin below the range into the first bin: that is left out of the test.
cases.append(profile(ai, frames, "q_nm^-1", True, 0.99, mask=mask, radial_range=(5, 30)))
cases.append(profile(ai, frames, "q_nm^-1", True, 0.99, mask=mask, azimuth_range=(-60, 40)))
# A detector with gaps, and counts that mean "not valid": -2 and -1.
pilatus = detector_factory("Pilatus200k")
row, column = np.mgrid[:407, :487]
counts = ((row * 7 + column * 13) % 11 - 2).astype("i4")
of_pilatus = integrator(detector=pilatus)
cases.append(profile(of_pilatus, [counts, counts], "q_nm^-1", True, 0.99))
unsigned = counts.astype("u4")
cases.append(profile(of_pilatus, [unsigned, unsigned], "q_nm^-1", True, 0.99))
save("profiles.npy", np.array(cases, "f8"))

cakes, axes = [], []
for solid_angle, factor in ((False, None), (True, None), (True, 0.99), (True, -0.5)):
    for unit in ("q_nm^-1", "2th_deg"):
        cake = ai.integrate2d_ng(frames.mean(axis=0), 16, 24, unit=unit, mask=mask, method=METHOD,
                                 correctSolidAngle=solid_angle, polarization_factor=factor)
        cake.intensity[cake.count == 0] = np.nan
        cakes.append(cake.intensity)
        axes.append(np.concatenate([cake.radial, cake.azimuthal]))
save("cakes.npy", np.array(cakes, "f4"))
save("cake_axes.npy", np.array(axes, "f8"))
