//! What the example leaves behind: a table, arrays and pictures.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix2};
use pasha::SharedArray;

use super::{Cake, Integration};
use crate::plot::{Curves, HeatMap, Scale};
use crate::poni::Unit;

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
    /// The unit of the radial axis.
    pub unit: Unit,
    /// Whether the errors are to be shown, if the result has some.
    pub error_bars: bool,
    /// The mean of all frames over the radial axis and the azimuth.
    pub cake: Option<&'a Cake>,
}

impl Report<'_> {
    /// Prints what some of the frames hold.
    pub fn print_table(&self) {
        let profiles = self.result.profiles.view();
        let label = self.unit.label();
        println!("\n frame     sum of counts   strongest at {label}   I / counts per pixel");
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
        let radial = format!("{}.npy", self.unit.quantity());
        ndarray_npy::write_npy(place(&radial), &self.result.q).with_context(write_failed)?;
        let mut arrays = vec!["profiles.npy".to_owned(), radial];
        if let Some(sigma) = self.shown_sigma() {
            ndarray_npy::write_npy(place("sigma.npy"), &sigma.view()).with_context(write_failed)?;
            arrays.push("sigma.npy".to_owned());
        }

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

        let mut pictures = vec!["mean_image.svg", "profiles.svg"];
        if let Some(cake) = self.cake {
            let radial = format!("cake_{}.npy", self.unit.quantity());
            ndarray_npy::write_npy(place("cake.npy"), &cake.intensity)
                .with_context(write_failed)?;
            ndarray_npy::write_npy(place("cake_azimuth.npy"), &cake.azimuth)
                .with_context(write_failed)?;
            ndarray_npy::write_npy(place(&radial), &cake.radial).with_context(write_failed)?;
            arrays.extend(["cake.npy".to_owned(), "cake_azimuth.npy".to_owned(), radial]);
            self.draw_cake(cake, &place("cake.svg"))?;
            pictures.push("cake.svg");
        }

        let folder = folder.canonicalize().with_context(write_failed)?;
        println!();
        for (index, name) in pictures.iter().enumerate() {
            let heading = if index == 0 { "pictures:" } else { "" };
            println!("{heading:9} {}", folder.join(name).display());
        }
        for (index, name) in arrays.iter().enumerate() {
            let heading = if index == 0 { "arrays:" } else { "" };
            println!("{heading:9} {}", folder.join(name).display());
        }
        Ok(())
    }

    fn draw_profiles(&self, path: &Path) -> anyhow::Result<()> {
        let Integration { profiles, q, .. } = self.result;
        let scale = if suits_log(profiles.view()) { Scale::Log } else { Scale::Linear };
        let mut curves = Curves::new(
            &format!("{}: azimuthal integration", self.title),
            (self.unit.label(), Scale::Linear),
            ("I / counts per pixel", scale),
        )
        .series("frame", q.view(), profiles.view(), |frame| frame.to_string());
        if let Some(sigma) = self.shown_sigma() {
            curves = curves.errors(sigma.view());
        }
        if let Some(blank) = self.blank {
            curves = curves.curve("blank", q.view(), blank.view());
        }
        curves.write_svg(path)
    }

    /// The errors, if they are to be shown.
    fn shown_sigma(&self) -> Option<&SharedArray<f64, Ix2>> {
        self.result.sigma.as_ref().filter(|_| self.error_bars)
    }

    fn draw_cake(&self, cake: &Cake, path: &Path) -> anyhow::Result<()> {
        // Angles grow upwards.
        let image = cake.intensity.slice(ndarray::s![..;-1, ..]);
        let num_frames = self.result.profiles.nrows();
        let title = format!("{}: caked mean of {num_frames} frames", self.title);
        let heat_map = HeatMap::new(image, &title, "I / counts per pixel")
            .axes(self.unit.label(), "χ / °")
            .extents(ends(&cake.radial), ends(&cake.azimuth));
        let heat_map = if suits_log(image) { heat_map.log() } else { heat_map };
        heat_map.write_svg(path)
    }
}

/// The outer ends of equal bins of which the centres are given.
fn ends(centres: &Array1<f64>) -> Range<f64> {
    let (first, last) = (centres[0], centres[centres.len() - 1]);
    let half = (last - first) / (2 * centres.len().saturating_sub(1).max(1)) as f64;
    first - half..last + half
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
