//! What an integration asks of the pixels: where they lie, how much they see, and which are valid.

use ndarray::{Array1, Array2, Zip};

use crate::poni::{TiltedGeometry, Unit};

/// How pixels are to be corrected and chosen. Ranges are from the lower to the upper end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Corrections {
    /// The unit of the radial axis.
    pub unit: Unit,
    /// Whether to divide by the solid angle of each pixel.
    pub solid_angle: bool,
    /// Of the X-rays, from -1 (vertical) to 1 (horizontal), to be corrected for if it is given.
    pub polarisation_factor: Option<f64>,
    /// The range of the radial axis in its unit; all of it without.
    pub radial_range: Option<[f64; 2]>,
    /// The range of the azimuth χ in degrees; all of it without.
    pub azimuth_range: Option<[f64; 2]>,
}

/// The pixels of a detector, `(y, x)`.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// The value of each on the radial axis.
    pub radial: Array2<f64>,
    /// The azimuth χ of each in degrees: from the lower end of the range on if one is given, else
    /// from -180 to 180.
    pub azimuth: Array2<f64>,
    /// How much each sees because of solid angle and polarisation: counts are divided by it.
    pub normalisation: Array2<f64>,
    /// Those that are not valid, or out of the range of the azimuth.
    pub mask: Array2<bool>,
    /// The unit of the radial axis.
    pub unit: Unit,
    corrections: Corrections,
}

impl Pixels {
    /// The pixels of a detector of this shape, of which some may be masked.
    ///
    /// # Errors
    /// If the mask has another shape, the unit needs a wavelength that is not known, a range is
    /// empty, or the polarisation factor does not lie between -1 and 1.
    pub fn new(
        geometry: &TiltedGeometry,
        shape: (usize, usize),
        mask: Option<&Array2<bool>>,
        corrections: &Corrections,
    ) -> anyhow::Result<Self> {
        if let Some(mask) = mask {
            anyhow::ensure!(
                mask.dim() == shape,
                "the mask has shape {:?}, the frames have {shape:?}",
                mask.dim()
            );
        }
        for (what, range) in
            [("radial", corrections.radial_range), ("azimuth", corrections.azimuth_range)]
        {
            if let Some([low, high]) = range {
                anyhow::ensure!(
                    low < high,
                    "the {what} range is {low} to {high}: its lower end must be the smaller one"
                );
            }
        }
        if let Some(factor) = corrections.polarisation_factor {
            anyhow::ensure!(
                (-1.0..=1.0).contains(&factor),
                "the polarisation factor is {factor}: \
                 it lies between -1 (vertical) and 1 (horizontal)"
            );
        }
        let radial = corrections.unit.of(geometry)?;
        let positions = geometry.positions(shape);
        let azimuth = positions.map(|pixel| {
            let degrees = pixel.azimuth.to_degrees();
            match corrections.azimuth_range {
                Some([low, _]) => low + (degrees - low).rem_euclid(360.0),
                None => degrees,
            }
        });
        let mut mask = mask.cloned().unwrap_or_else(|| Array2::from_elem(shape, false));
        if let Some([_, high]) = corrections.azimuth_range {
            Zip::from(&mut mask).and(&azimuth).for_each(|mask, &azimuth| *mask |= azimuth > high);
        }
        Ok(Pixels {
            radial: positions.map(radial),
            azimuth,
            normalisation: positions.map(|pixel| {
                let solid_angle = if corrections.solid_angle { pixel.solid_angle() } else { 1.0 };
                let factor = corrections.polarisation_factor;
                solid_angle * factor.map_or(1.0, |factor| pixel.polarisation(factor))
            }),
            mask,
            unit: corrections.unit,
            corrections: *corrections,
        })
    }

    pub(super) fn radial_range(&self) -> Option<[f64; 2]> {
        self.corrections.radial_range
    }

    pub(super) fn azimuth_range(&self) -> Option<[f64; 2]> {
        self.corrections.azimuth_range
    }
}

/// A range in equal bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct EqualBins {
    low: f64,
    width: f64,
    count: usize,
}

impl EqualBins {
    /// Divides a range, or without one that from the smallest to the largest value.
    ///
    /// As in pyFAI the upper end of the range is raised by a hair (the precision of `f32`), so
    /// that the largest value lies within the last bin and not on its edge.
    pub(super) fn new(
        count: usize,
        range: Option<[f64; 2]>,
        values: impl Iterator<Item = f64>,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(count > 0, "0 bins were asked for: there must be 1 or more");
        let [low, high] = range.unwrap_or_else(|| {
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(value), high.max(value)]
            })
        });
        let raised = high + high.abs() * f64::from(f32::EPSILON);
        anyhow::ensure!(
            low < raised,
            "no range can be divided into bins: the smallest value of a pixel that is not masked is \
             {low}, the largest {high}"
        );
        Ok(EqualBins { low, width: (raised - low) / count as f64, count })
    }

    /// The bin of a value, if it lies in one.
    pub(super) fn of(&self, value: f64) -> Option<usize> {
        let place = (value - self.low) / self.width;
        (place >= 0.0 && place < self.count as f64).then_some(place as usize)
    }

    /// The centre of each bin.
    pub(super) fn centres(&self) -> Array1<f64> {
        Array1::from_shape_fn(self.count, |bin| self.low + (bin as f64 + 0.5) * self.width)
    }
}
