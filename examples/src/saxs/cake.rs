//! Caking: an image over the radial axis and the azimuth, I(q, χ).

use ndarray::{Array1, Array2, ArrayView2, Zip};

use super::pixels::{EqualBins, Pixels};

/// An image in which rings are straight lines.
#[derive(Clone, Debug)]
pub struct Cake {
    /// The corrected mean of the pixels in each bin, `(azimuth, radial)`; NaN in bins without
    /// valid pixels.
    pub intensity: Array2<f64>,
    /// The centres of the bins of the radial axis, in its unit.
    pub radial: Array1<f64>,
    /// The centres of the bins of the azimuth χ, in degrees.
    pub azimuth: Array1<f64>,
}

impl Cake {
    /// Integrates an image `(y, x)` in bins over both axes. Without ranges they reach from the
    /// smallest to the largest value of the valid pixels, as in pyFAI. Pixels that are NaN are left
    /// out.
    ///
    /// # Errors
    /// If there are no bins or no valid pixels.
    pub fn new(
        image: ArrayView2<'_, f64>,
        pixels: &Pixels,
        num_azimuth: usize,
        num_radial: usize,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            image.dim() == pixels.radial.dim(),
            "the image is {:?} pixels, the detector is {:?}",
            image.dim(),
            pixels.radial.dim()
        );
        let valid = |values: &Array2<f64>| -> Vec<f64> {
            let pixels = values.iter().zip(&pixels.mask);
            pixels.filter(|(_, masked)| !**masked).map(|(value, _)| *value).collect()
        };
        let radial =
            EqualBins::new(num_radial, pixels.radial_range(), valid(&pixels.radial).into_iter())?;
        let azimuth = EqualBins::new(
            num_azimuth,
            pixels.azimuth_range(),
            valid(&pixels.azimuth).into_iter(),
        )?;
        let mut signal = Array2::<f64>::zeros((num_azimuth, num_radial));
        let mut normalisation = signal.clone();
        let places = Zip::from(&pixels.radial).and(&pixels.azimuth).and(&pixels.mask).map_collect(
            |&radius, &angle, &masked| {
                (!masked).then_some([azimuth.of(angle)?, radial.of(radius)?])
            },
        );
        Zip::from(&places).and(image).and(&pixels.normalisation).for_each(|bin, &value, &part| {
            if let (Some(bin), false) = (*bin, value.is_nan()) {
                signal[bin] += value;
                normalisation[bin] += part;
            }
        });
        // No valid pixel: 0/0 is NaN.
        let intensity = signal / normalisation;
        Ok(Cake { intensity, radial: radial.centres(), azimuth: azimuth.centres() })
    }
}
