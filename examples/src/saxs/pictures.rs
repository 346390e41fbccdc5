//! The two pictures of an integration: the profiles, and the mean image.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::plot::{Curves, HeatMap, Scale};
use crate::poni::Unit;

/// How an integration is shown, whatever came of it.
#[derive(Clone, Copy, Debug)]
pub struct Presentation<'a> {
    /// What was measured, for the titles.
    pub title: &'a str,
    /// The unit of the radial axis.
    pub unit: Unit,
    /// Pixels that are not valid, `(y, x)`.
    pub mask: Option<&'a Array2<bool>>,
    /// The profile of the blank, `(bins,)`.
    pub blank: Option<&'a Array1<f64>>,
    /// Whether the errors are to be shown, if the result has some.
    pub error_bars: bool,
}

/// What is drawn.
#[derive(Debug)]
pub(super) struct Pictures<'a> {
    pub(super) presentation: Presentation<'a>,
    /// The number of each frame whose profile is drawn, `(n,)`.
    pub(super) frames: &'a [usize],
    /// The centres of the bins, `(bins,)`.
    pub(super) q: ArrayView1<'a, f64>,
    /// `(n, bins)`.
    pub(super) profiles: ArrayView2<'a, f64>,
    /// The standard errors of the profiles, `(n, bins)`.
    pub(super) sigma: Option<ArrayView2<'a, f64>>,
    /// `(y, x)`.
    pub(super) mean_image: ArrayView2<'a, f64>,
    /// Over how many frames that is the mean.
    pub(super) num_frames: usize,
}

impl Pictures<'_> {
    /// The names of the files.
    pub(super) const FILES: [&'static str; 2] = ["mean_image.svg", "profiles.svg"];

    /// Writes the pictures into a folder.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(super) fn write_to(&self, folder: &Path) -> anyhow::Result<()> {
        let [mean_image, profiles] = Pictures::FILES.map(|name| folder.join(name));
        self.draw_mean_image(&mean_image)?;
        self.draw_profiles(&profiles)
    }

    fn draw_mean_image(&self, path: &Path) -> anyhow::Result<()> {
        let mut image = self.mean_image.to_owned();
        if let Some(mask) = self.presentation.mask {
            image.zip_mut_with(mask, |value, &masked| {
                if masked {
                    *value = f64::NAN;
                }
            });
        }
        let frames = if self.num_frames == 1 { "frame" } else { "frames" };
        let title = format!("{}: mean of {} {frames}", self.presentation.title, self.num_frames);
        let heat_map = HeatMap::new(image.view(), &title, "counts per pixel");
        let heat_map = if suits_log(image.view()) { heat_map.log() } else { heat_map };
        heat_map.write_svg(path)
    }

    fn draw_profiles(&self, path: &Path) -> anyhow::Result<()> {
        let Presentation { title, unit, blank, error_bars, .. } = self.presentation;
        let scale = if suits_log(self.profiles) { Scale::Log } else { Scale::Linear };
        let mut curves = Curves::new(
            &format!("{title}: azimuthal integration"),
            (unit.label(), Scale::Linear),
            ("I / counts per pixel", scale),
        )
        .series("frame", self.q, self.profiles, |row| self.frames[row].to_string());
        if let Some(sigma) = self.sigma.filter(|_| error_bars) {
            curves = curves.errors(sigma);
        }
        if let Some(blank) = blank {
            curves = curves.curve("blank", self.q, blank.view());
        }
        curves.write_svg(path)
    }
}

/// Whether a logarithmic scale shows the values: not if a subtracted blank made some negative.
pub(super) fn suits_log(values: ArrayView2<'_, f64>) -> bool {
    let valid = values.iter().filter(|value| value.is_finite()).count();
    let negative = values.iter().filter(|value| **value < 0.0).count();
    100 * negative <= valid
}
