//! Many curves in one picture.

use std::path::Path;

use ndarray::{ArrayView1, ArrayView2};
use plotters::element::PathElement;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Scale};
use super::colour::{ColourMap, DISTINCT};
use super::picture::{self, Canvas, Place, Raster};

/// The legend names at most this many curves of a series.
const MAX_LEGEND: usize = 10;

/// A picture of curves over one axis, with a grid and a legend.
///
/// Values that have no place on the axes (NaN; on a logarithmic axis zero and below) leave gaps.
#[derive(Debug)]
pub struct Curves {
    title: String,
    x: (String, Scale),
    y: (String, Scale),
    legend_title: String,
    curves: Vec<Curve>,
    /// How many of them were added one by one.
    num_single: usize,
}

#[derive(Debug)]
struct Curve {
    points: Vec<(f64, f64)>,
    /// Standard errors of the points; empty if they are not known.
    errors: Vec<f64>,
    colour: RGBColor,
    label: Option<String>,
}

impl Curves {
    /// A picture without curves, with this title and these axes.
    pub fn new(title: &str, x: (&str, Scale), y: (&str, Scale)) -> Self {
        Curves {
            title: title.to_owned(),
            x: (x.0.to_owned(), x.1),
            y: (y.0.to_owned(), y.1),
            legend_title: String::new(),
            curves: Vec::new(),
            num_single: 0,
        }
    }

    /// Adds one curve, in a colour of its own.
    pub fn curve(mut self, label: &str, x: ArrayView1<'_, f64>, y: ArrayView1<'_, f64>) -> Self {
        let colour = DISTINCT[self.num_single % DISTINCT.len()];
        self.num_single += 1;
        let points = x.iter().copied().zip(y.iter().copied()).collect();
        let label = Some(label.to_owned());
        self.curves.push(Curve { points, errors: Vec::new(), colour, label });
        self
    }

    /// Adds a series of curves, one for each row of `y`, such as the frames of a measurement:
    /// their colours go from dark to bright. The legend names at most ten of them.
    pub fn series(
        mut self,
        legend_title: &str,
        x: ArrayView1<'_, f64>,
        y: ArrayView2<'_, f64>,
        label: impl Fn(usize) -> String,
    ) -> Self {
        legend_title.clone_into(&mut self.legend_title);
        let last = y.nrows().saturating_sub(1).max(1);
        let entries = y.nrows().min(MAX_LEGEND);
        // Evenly spread, with the first and the last.
        let named: Vec<usize> = (0..entries)
            .map(|entry| {
                (entry * last + entries.saturating_sub(1) / 2) / entries.saturating_sub(1).max(1)
            })
            .collect();
        for (index, row) in y.rows().into_iter().enumerate() {
            self.curves.push(Curve {
                points: x.iter().copied().zip(row.iter().copied()).collect(),
                errors: Vec::new(),
                colour: ColourMap::Viridis.on_white(index as f64 / last as f64),
                label: named.contains(&index).then(|| label(index)),
            });
        }
        self
    }

    /// Adds error bars, of one standard error to either side, to those curves so far that the
    /// legend names: one row of `sigma` for each curve.
    pub fn errors(mut self, sigma: ArrayView2<'_, f64>) -> Self {
        for (curve, errors) in self.curves.iter_mut().zip(sigma.rows()) {
            if curve.label.is_some() {
                curve.errors = errors.to_vec();
            }
        }
        self
    }

    /// Writes the picture as an SVG file.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write_svg(&self, path: &Path) -> anyhow::Result<()> {
        let legend = self.curves.iter().any(|curve| curve.label.is_some());
        let place = Place { left: 90, top: 48, width: 720, height: 480 };
        let size = (place.right() + if legend { 140 } else { 30 }, place.bottom() + 68);
        picture::write_svg(path, size, |canvas| {
            self.draw_curves(canvas, place)?;
            picture::draw_frame(canvas, place)?;
            let centre = place.left + place.width / 2;
            picture::write_text(canvas, &self.title, (centre, 24), 18.0, HPos::Center)?;
            self.draw_legend(canvas, place)?;
            Ok(Vec::<Raster>::new())
        })
    }

    fn draw_curves(&self, canvas: &Canvas, place: Place) -> anyhow::Result<()> {
        // Points without a place must not stretch the other axis.
        let points = || {
            self.curves
                .iter()
                .flat_map(|curve| curve.points.iter().copied())
                .filter(|&(x, y)| self.x.1.has(x) && self.y.1.has(y))
        };
        let (low, high) = super::axis::extent(points().map(|point| point.0), self.x.1);
        let x = Axis::new(&self.x.0, self.x.1, low..high, 9);
        let y = Axis::around(&self.y.0, self.y.1, points().map(|point| point.1), 8);
        let (has_x, has_y) = (x.clone(), y.clone());
        // Error bars end at the picture's edges.
        let (low, high) = (y.low(), y.high());
        let mut chart = picture::chart_at(canvas, place, x, y)?;
        picture::draw_axes(&mut chart, true)?;
        let width = if self.curves.len() > 30 { 0.6 } else { 1.2 };
        for curve in &self.curves {
            // A gap ends a piece and begins another.
            for piece in curve.points.split(|&(x, y)| !has_x.has(x) || !has_y.has(y)) {
                let line = PathElement::new(piece, picture::stroke(curve.colour, width));
                chart.plotting_area().draw(&line).map_err(picture::plotters_error)?;
            }
            let thin = picture::stroke(curve.colour, 0.5 * width);
            for (&(x, y), error) in curve.points.iter().zip(&curve.errors) {
                let ends = [y - error, y + error].map(|end| (x, end.clamp(low, high)));
                if has_x.has(x) && has_y.has(y) && error.is_finite() {
                    let bar = PathElement::new(ends, thin);
                    chart.plotting_area().draw(&bar).map_err(picture::plotters_error)?;
                }
            }
        }
        Ok(())
    }

    fn draw_legend(&self, canvas: &Canvas, place: Place) -> anyhow::Result<()> {
        let left = place.right() + 18;
        let mut y = place.top + 10;
        if !self.legend_title.is_empty() {
            picture::write_text(canvas, &self.legend_title, (left, y), 14.0, HPos::Left)?;
            y += 24;
        }
        for curve in &self.curves {
            let Some(label) = &curve.label else { continue };
            let style = picture::stroke(curve.colour, 2.5);
            picture::draw_line(canvas, [(left, y), (left + 26, y)], style)?;
            picture::write_text(canvas, label, (left + 34, y), 13.0, HPos::Left)?;
            y += 21;
        }
        Ok(())
    }
}
