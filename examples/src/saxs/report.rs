//! What the example leaves behind: a table, arrays and pictures.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ndarray::{Array1, ArrayView1, Ix2};
use pasha::SharedArray;

use super::pictures::{Pictures, suits_log};
use super::{Cake, Integration, Presentation};
use crate::plot::HeatMap;

/// Rows of the table.
const MAX_ROWS: usize = 10;

/// The result of an integration, to be shown.
#[derive(Debug)]
pub struct Report<'a> {
    /// The result.
    pub result: &'a Integration,
    /// How it is shown.
    pub presentation: Presentation<'a>,
    /// The mean of all frames over the radial axis and the azimuth.
    pub cake: Option<&'a Cake>,
}

impl Report<'_> {
    /// Prints what some of the frames hold.
    pub fn print_table(&self) {
        let profiles = self.result.profiles.view();
        let label = self.presentation.unit.label();
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
        let radial = format!("{}.npy", self.presentation.unit.quantity());
        ndarray_npy::write_npy(place(&radial), &self.result.q).with_context(write_failed)?;
        let mut arrays = vec!["profiles.npy".to_owned(), radial];
        if let Some(sigma) = self.shown_sigma() {
            ndarray_npy::write_npy(place("sigma.npy"), &sigma.view()).with_context(write_failed)?;
            arrays.push("sigma.npy".to_owned());
        }

        let frames: Vec<usize> = (0..self.result.profiles.nrows()).collect();
        let drawn = Pictures {
            presentation: self.presentation,
            frames: &frames,
            q: self.result.q.view(),
            profiles: self.result.profiles.view(),
            sigma: self.shown_sigma().map(|sigma| sigma.view()),
            mean_image: self.result.mean_image.view(),
            num_frames: frames.len(),
        };
        drawn.write_to(folder)?;

        let mut pictures = Pictures::FILES.to_vec();
        if let Some(cake) = self.cake {
            let radial = format!("cake_{}.npy", self.presentation.unit.quantity());
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

    /// The errors, if they are to be shown.
    fn shown_sigma(&self) -> Option<&SharedArray<f64, Ix2>> {
        self.result.sigma.as_ref().filter(|_| self.presentation.error_bars)
    }

    fn draw_cake(&self, cake: &Cake, path: &Path) -> anyhow::Result<()> {
        // Angles grow upwards.
        let image = cake.intensity.slice(ndarray::s![..;-1, ..]);
        let num_frames = self.result.profiles.nrows();
        let title = format!("{}: caked mean of {num_frames} frames", self.presentation.title);
        let heat_map = HeatMap::new(image, &title, "I / counts per pixel")
            .axes(self.presentation.unit.label(), "χ / °")
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
