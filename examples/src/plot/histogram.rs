//! Counts over equal bins.

use std::path::Path;

use ndarray::ArrayView1;
use plotters::element::{PathElement, Polygon};
use plotters::prelude::Color;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Scale};
use super::colour::DISTINCT;
use super::picture::{self, Canvas, Place, Raster};

/// A picture of a histogram with equal bins.
#[derive(Debug)]
pub struct Histogram<'a> {
    counts: ArrayView1<'a, u64>,
    edges: (f64, f64),
    title: String,
    x_label: String,
    y_label: String,
    scale: Scale,
}

impl<'a> Histogram<'a> {
    /// A histogram whose bins divide the range from `edges.0` to `edges.1` into equal parts.
    pub fn new(
        counts: ArrayView1<'a, u64>,
        edges: (f64, f64),
        title: &str,
        x_label: &str,
        y_label: &str,
    ) -> Self {
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        Histogram { counts, edges, title, x_label, y_label, scale: Scale::Linear }
    }

    /// A logarithmic axis for the counts.
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// Writes the picture as an SVG file.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write_svg(&self, path: &Path) -> anyhow::Result<()> {
        let place = Place { left: 90, top: 48, width: 720, height: 420 };
        picture::write_svg(path, (place.right() + 34, place.bottom() + 68), |canvas| {
            self.draw(canvas, place)?;
            picture::draw_frame(canvas, place)?;
            let centre = place.left + place.width / 2;
            picture::write_text(canvas, &self.title, (centre, 24), 18.0, HPos::Center)?;
            Ok(Vec::<Raster>::new())
        })
    }

    fn draw(&self, canvas: &Canvas, place: Place) -> anyhow::Result<()> {
        let highest = self.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let range = match self.scale {
            Scale::Linear => 0.0..1.05 * highest,
            // Half a count is the ground that bins with one count stand on.
            Scale::Log => 0.5..highest * 10_f64.powf(0.05 * (2.0 * highest).log10()),
        };
        let ground = range.start;
        let x = Axis::new(&self.x_label, Scale::Linear, self.edges.0..self.edges.1, 9);
        let y = Axis::new(&self.y_label, self.scale, range, 8);
        let mut chart = picture::chart_at(canvas, place, x, y)?;
        picture::draw_axes(&mut chart, true)?;

        let width = (self.edges.1 - self.edges.0) / self.counts.len().max(1) as f64;
        let mut outline = vec![(self.edges.0, ground)];
        for (bin, &count) in self.counts.iter().enumerate() {
            let height = (count as f64).max(ground);
            let left = self.edges.0 + bin as f64 * width;
            outline.extend([(left, height), (left + width, height)]);
        }
        outline.push((self.edges.1, ground));
        let area = chart.plotting_area();
        let colour = DISTINCT[1];
        area.draw(&Polygon::new(outline.clone(), colour.mix(0.25)))
            .map_err(picture::plotters_error)?;
        area.draw(&PathElement::new(outline, picture::stroke(colour, 1.0)))
            .map_err(picture::plotters_error)
    }
}
