//! What the example says of itself.

/// What `--help` prints.
pub const HELP: &str = "\
Integrates X-ray detector frames azimuthally and draws the result.

Usage: saxs [FRAMES.npy | FRAMES.h5 | --master MASTER.h5] [OPTIONS]

Without frames a run of a detector with 1024 x 1024 pixels is simulated and integrated.

Frames:
  FRAMES.npy              frames (n, y, x) of uint16, uint32, int32 or float32, in counts
  FRAMES.h5               the same in an HDF5 file (needs --features hdf5)
  --master MASTER.h5      the master file of an Eiger detector: its frames, pixel mask and geometry (needs --features hdf5)
  --dataset PATH          where in FRAMES.h5 the frames are, as entry/data/frames; in MASTER.h5 [entry/data]
  --blank BLANK           an image (y, x) without the sample, in counts, drawn for comparison: .npy, .edf or .tif, as blank.npy
  --subtract-blank        subtracts the blank from every frame
  --transmission T        of the sample, a fraction, as 0.85; the blank is multiplied by it [1]
  --mask MASK             an image (y, x), not 0 at pixels to leave out, besides those that the detector masks:
                          .npy (bool or whole numbers), .edf or .tif, as mask.edf
  --num-frames N          number of frames to simulate, as 100 [300]

Detector of the frames [what the master file says, else Pilatus at beamline 9-ID-C of the Advanced Photon Source]:
  --poni FILE.poni        what pyFAI's calibration wrote: detector, distance, point of normal incidence, rotations and
                          wavelength, as calibration.poni. Gaps of Pilatus and Eiger detectors are masked, and their counts
                          that mean \"not valid\" left out
  --pixel-size-mm MM      side of a pixel, in mm, as 0.075 [0.172]
  --centre-x PIXELS       where the beam meets the detector's plane, in pixels along a row, as 512.3 [99.95]
  --centre-y PIXELS       the same along a column, as 498.7 [-5.65]
  --distance-mm MM        from the sample to the detector's plane, in mm, as 2000 [540.8]
  --wavelength ANGSTROM   of the X-rays, in angstrom, as 1.0; counts before that of FILE.poni [0.59040224]

Integration:
  --bins N                number of bins over q, or over what --unit says, as 1000 [100; 500 if simulated]
  --min-q Q, --max-q Q    range of q to integrate, in 1/angstrom, as 0.01 and 0.5 [all]
  --context CONTEXT       serial, threads:2, processes:2, …, with options behind it as in processes:2,skip=10
                          [PASHA_CONTEXT, or processes,progress]; on several machines mpi, mpi:threads:2, mpi:processes:2
                          (needs --features mpi and a start with mpirun or srun): the first rank prints and writes
  --out DIR               folder for the results, as results [out]
  --resume                goes on where an earlier start with the same --out was ended, by SIGTERM (exit status 75) or in
                          any way: profiles and sums of frames, in .npy files, without pictures and mean image
  --live[=SECONDS]        draws the pictures while the job runs, of the frames that are finished, and shows them on a page
                          that reloads itself, live.html in --out; as --live=0.5 [1]; on one machine, not \"reproducible\"

Integration as pyFAI does it (method (\"no\", \"histogram\", \"cython\")); without --radial-range bins begin and end at the
outermost of all pixels:
  --unit UNIT             of the radial axis: q_A^-1 (1/angstrom), q_nm^-1 (1/nm), 2th_deg (degrees), 2th_rad (rad),
                          r_mm (mm) [q_A^-1]
  --solid-angle           divides by the solid angle that each pixel sees (pyFAI's correctSolidAngle, there the default)
  --polarisation-factor P divides by what the polarisation lets scatter to each pixel; P from -1 (vertical) to 1 (horizontal,
                          as at a synchrotron), as 0.99 [no correction]
  --radial-range LOW,HIGH range to integrate, in the unit of --unit, as 0.1,2.5 [all]
  --azimuth-range LOW,HIGH  a sector, in degrees from the direction of a row of pixels (axis 2) towards that of a column
                          (axis 1), as -30,30 [all]
  --error-bars            the standard errors of counting (Poisson; the variance of a count is itself, at least 1):
                          writes sigma.npy, and draws them
  --cake N                the mean of all frames over --bins radial bins and N bins of the azimuth, as 360: writes cake.npy
                          (azimuth, radial), cake_azimuth.npy (degrees), the radial axis, and the picture cake.svg

Examples:
  saxs frames.npy --blank blank.npy --bins 100
  saxs frames.npy --poni calibration.poni --mask mask.edf --unit q_nm^-1 --solid-angle --polarisation-factor 0.99 --error-bars
  saxs frames.h5 --dataset entry/data/data --poni calibration.poni --unit 2th_deg --solid-angle --cake 360
  saxs --master series_1_master.h5 --poni calibration.poni --unit r_mm --azimuth-range -30,30
";
