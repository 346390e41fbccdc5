//! What the example leaves behind: a table, arrays and pictures.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::Integration;
use crate::plot::{Curves, HeatMap, Scale};

/// Rows of the table.
const MAX_ROWS: usize = 10;

/// The result of an integration, to be shown.
#[derive(Debug)]
pub struct Report<'a> {
    /// The result.
    pub result: &'a Integration,
    /// Pixels that are not valid, `(y, x)`.
    pub mask: Option<&'a Array2<bool>>,
    /// The profile of the blank, `(bins,)`.
    pub blank: Option<&'a Array1<f64>>,
    /// What was measured, for the titles.
    pub title: &'a str,
}

impl Report<'_> {
    /// Prints what some of the frames hold.
    pub fn print_table(&self) {
        let profiles = self.result.profiles.view();
        println!("\n frame     sum of counts   strongest at q / Å⁻¹   I / counts per pixel");
        let num_frames = profiles.nrows();
        let rows = num_frames.min(MAX_ROWS);
        for row in 0..rows {
            let frame = row * (num_frames - 1) / (rows - 1).max(1);
            let sum = self.result.sums[frame];
            print!("{frame:6} {sum:17.0}");
            match strongest(profiles.row(frame)) {
                Some(bin) => {
                    println!("{:23.4} {:22.2}", self.result.q[bin], profiles[[frame, bin]])
                }
                None => println!("{:>23}", "none"),
            }
        }
    }

    /// Writes `profiles.npy`, `q.npy` and the pictures, and says where they are.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn write_to(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let place = |name: &str| -> PathBuf { folder.join(name) };
        let write_failed = || format!("can't write into {}", folder.display());

        ndarray_npy::write_npy(place("profiles.npy"), &self.result.profiles.view())
            .with_context(write_failed)?;
        ndarray_npy::write_npy(place("q.npy"), &self.result.q).with_context(write_failed)?;

        let mut image = self.result.mean_image.clone();
        if let Some(mask) = self.mask {
            image.zip_mut_with(mask, |value, &masked| {
                if masked {
                    *value = f64::NAN;
                }
            });
        }
        let num_frames = self.result.profiles.nrows();
        let title = format!("{}: mean of {num_frames} frames", self.title);
        let heat_map = HeatMap::new(image.view(), &title, "counts per pixel");
        let heat_map = if suits_log(image.view()) { heat_map.log() } else { heat_map };
        heat_map.write_svg(&place("mean_image.svg"))?;
        self.draw_profiles(&place("profiles.svg"))?;

        let folder = folder.canonicalize().with_context(write_failed)?;
        println!("\npictures: {}", folder.join("mean_image.svg").display());
        println!("          {}", folder.join("profiles.svg").display());
        println!("arrays:   {}", folder.join("profiles.npy").display());
        println!("          {}", folder.join("q.npy").display());
        Ok(())
    }

    fn draw_profiles(&self, path: &Path) -> anyhow::Result<()> {
        let Integration { profiles, q, .. } = self.result;
        let scale = if suits_log(profiles.view()) { Scale::Log } else { Scale::Linear };
        let mut curves = Curves::new(
            &format!("{}: azimuthal integration", self.title),
            ("q / Å⁻¹", Scale::Linear),
            ("I / counts per pixel", scale),
        )
        .series("frame", q.view(), profiles.view(), |frame| frame.to_string());
        if let Some(blank) = self.blank {
            curves = curves.curve("blank", q.view(), blank.view());
        }
        curves.write_svg(path)
    }
}

/// The bin of the largest value, if there is one.
fn strongest(profile: ArrayView1<'_, f64>) -> Option<usize> {
    let valid = profile.iter().enumerate().filter(|(_, value)| !value.is_nan());
    valid.max_by(|a, b| a.1.total_cmp(b.1)).map(|(bin, _)| bin)
}

/// Whether a logarithmic scale shows the values: not if a subtracted blank made some negative.
fn suits_log(values: ArrayView2<'_, f64>) -> bool {
    let valid = values.iter().filter(|value| value.is_finite()).count();
    let negative = values.iter().filter(|value| **value < 0.0).count();
    100 * negative <= valid
}
