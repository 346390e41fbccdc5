//! A two-dimensional array as an image with axes and a colour bar.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array2, ArrayView2};
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Scale};
use super::colour::{ColourMap, MASKED};
use super::picture::{self, Canvas, Place, Raster};
use super::png::encode_palette;

/// Images with a longer side are scaled down to at most this many pixels.
const MAX_SIDE: usize = 1200;
/// The longer side of the image in the picture.
const SIDE: f64 = 640.0;
/// The height of an image whose pixels are no squares.
const FREE_HEIGHT: i32 = 480;
/// The colours of values; one more number stands for masked pixels.
const COLOURS: usize = 255;

/// A picture of a `(y, x)` array: row 0 at the top, square pixels, masked (NaN) pixels grey.
#[derive(Debug)]
pub struct HeatMap<'a> {
    values: ArrayView2<'a, f64>,
    title: String,
    x_label: String,
    y_label: String,
    value_label: String,
    scale: Scale,
    colours: ColourMap,
    range: Option<(f64, f64)>,
    extents: Option<(Range<f64>, Range<f64>)>,
}

impl<'a> HeatMap<'a> {
    /// A picture of these values with a linear colour scale and axes in pixels.
    ///
    /// `value_label` says what the values are, with their unit.
    pub fn new(values: ArrayView2<'a, f64>, title: &str, value_label: &str) -> Self {
        HeatMap {
            values,
            title: title.to_owned(),
            x_label: "x / pixels".to_owned(),
            y_label: "y / pixels".to_owned(),
            value_label: value_label.to_owned(),
            scale: Scale::Linear,
            colours: ColourMap::default(),
            range: None,
            extents: None,
        }
    }

    /// Other labels for the axes, which are in pixels of the array.
    pub fn axes(mut self, x_label: &str, y_label: &str) -> Self {
        self.x_label = x_label.to_owned();
        self.y_label = y_label.to_owned();
        self
    }

    /// Colours for logarithms; values that are not positive get the darkest colour.
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// Other colours.
    pub fn colours(mut self, colours: ColourMap) -> Self {
        self.colours = colours;
        self
    }

    /// The values of the darkest and the brightest colour. Without, they are chosen so that shadows
    /// and hot pixels don't hide the rest.
    pub fn range(mut self, darkest: f64, brightest: f64) -> Self {
        self.range = Some((darkest, brightest));
        self
    }

    /// Axes along which the image reaches from the left to the right and from the bottom to the
    /// top; its pixels are no squares then.
    pub fn extents(mut self, x: Range<f64>, y: Range<f64>) -> Self {
        self.extents = Some((x, y));
        self
    }

    /// Writes the picture as an SVG file.
    ///
    /// # Errors
    /// If the array is empty or the file can't be written.
    pub fn write_svg(&self, path: &Path) -> anyhow::Result<()> {
        let (rows, columns) = self.values.dim();
        anyhow::ensure!(rows > 0 && columns > 0, "an image without pixels has no picture");
        let zoom = SIDE / rows.max(columns) as f64;
        let side = |pixels: usize| ((pixels as f64 * zoom).round() as i32).max(8);
        let (width, height) = match self.extents {
            Some(_) => (SIDE as i32, FREE_HEIGHT),
            None => (side(columns), side(rows)),
        };
        let image = Place { left: 90, top: 48, width, height };
        // A colour bar needs room for its numbers even beside a flat image.
        let bar = Place {
            left: image.right() + 22,
            top: image.top,
            width: 20,
            height: image.height.max(160),
        };
        let size = (bar.right() + 92, bar.bottom().max(image.bottom()) + 68);
        picture::write_svg(path, size, |canvas| self.draw(canvas, image, bar))
    }

    fn draw(&self, canvas: &Canvas, image: Place, bar: Place) -> anyhow::Result<Vec<Raster>> {
        let (rows, columns) = self.values.dim();
        let (low, high) = self.range.unwrap_or_else(|| robust_range(self.values, self.scale));
        let bar_axis =
            Axis::new(&self.value_label, self.scale, low..high, (bar.height / 40) as usize);
        let (low, high) = (bar_axis.low(), bar_axis.high());

        let (x_extent, y_extent) =
            self.extents.clone().unwrap_or((0.0..columns as f64, rows as f64..0.0));
        // About 70 pixels of the picture for each number at the axes.
        let x =
            Axis::new(&self.x_label, Scale::Linear, x_extent, (image.width / 70).max(2) as usize);
        let y =
            Axis::new(&self.y_label, Scale::Linear, y_extent, (image.height / 60).max(2) as usize);
        let mut chart = picture::chart_at(canvas, image, x, y)?;
        picture::draw_axes(&mut chart, false)?;
        picture::draw_frame(canvas, image)?;
        let centre = image.left + image.width / 2;
        picture::write_text(canvas, &self.title, (centre, 24), 18.0, HPos::Center)?;

        picture::draw_right_axis(canvas, bar, &bar_axis)?;
        picture::draw_frame(canvas, bar)?;
        if self.values.iter().any(|value| value.is_nan()) {
            let y = bar.bottom() + 22;
            let swatch = Place { left: bar.left, top: y, width: bar.width, height: 14 };
            picture::draw_box(canvas, swatch, MASKED)?;
            picture::write_text(canvas, "masked", (bar.right() + 8, y + 7), 13.0, HPos::Left)?;
        }

        let values: [[u8; 3]; COLOURS] = self.colours.table();
        let masked = [MASKED.0, MASKED.1, MASKED.2];
        let palette: Vec<[u8; 3]> = values.into_iter().chain([masked]).collect();
        let colour = |value: f64| colour_number(value, (low, high), self.scale);
        let pixels = scaled_down(self.values).mapv(colour);
        let steps = Array2::from_shape_fn((COLOURS, 1), |(row, _)| (COLOURS - 1 - row) as u8);
        Ok(vec![
            Raster { place: image, png: encode_palette(pixels.view(), &palette)? },
            Raster { place: bar, png: encode_palette(steps.view(), &palette)? },
        ])
    }
}

/// The number of a value's colour; masked pixels have the one beyond the last.
fn colour_number(value: f64, (low, high): (f64, f64), scale: Scale) -> u8 {
    if value.is_nan() {
        return COLOURS as u8;
    }
    let part =
        (scale.apply(value.max(low)) - scale.apply(low)) / (scale.apply(high) - scale.apply(low));
    (part.clamp(0.0, 1.0) * (COLOURS - 1) as f64).round() as u8
}

/// A range of values that leaves out the most extreme pixels: the darkest fiftieth, where
/// detectors lie in the shadow, and the brightest thousandth, where single pixels are hot.
fn robust_range(values: ArrayView2<'_, f64>, scale: Scale) -> (f64, f64) {
    let mut values: Vec<f64> = values.iter().copied().filter(|&value| scale.has(value)).collect();
    if values.is_empty() {
        return (1.0, 10.0);
    }
    let (darkest, brightest) = (values.len() / 50, values.len() - 1 - values.len() / 1000);
    let low = *values.select_nth_unstable_by(darkest, f64::total_cmp).1;
    let high = *values.select_nth_unstable_by(brightest, f64::total_cmp).1;
    (low, high)
}

/// Means over square blocks, so that no side exceeds [`MAX_SIDE`]; masked pixels don't count.
fn scaled_down(values: ArrayView2<'_, f64>) -> Array2<f64> {
    let (rows, columns) = values.dim();
    let block = rows.max(columns).div_ceil(MAX_SIDE);
    if block == 1 {
        return values.to_owned();
    }
    Array2::from_shape_fn((rows.div_ceil(block), columns.div_ceil(block)), |(row, column)| {
        let (top, left) = (row * block, column * block);
        let part =
            values.slice(ndarray::s![top..rows.min(top + block), left..columns.min(left + block)]);
        let valid = part.iter().filter(|value| !value.is_nan());
        let (sum, count) = valid.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        // No valid pixel: 0/0 is NaN, which is what masked pixels are.
        sum / f64::from(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_pixels_do_not_count_when_scaled_down() {
        let mut values = Array2::from_elem((2 * MAX_SIDE, 4), 3.0);
        values[[0, 0]] = f64::NAN;
        values.slice_mut(ndarray::s![2..4, 0..2]).fill(f64::NAN);
        let small = scaled_down(values.view());
        assert_eq!(small.dim(), (MAX_SIDE, 2));
        assert_eq!(small[[0, 0]], 3.0);
        assert!(small[[1, 0]].is_nan());
    }

    #[test]
    fn the_ends_of_the_range_get_the_ends_of_the_colours() {
        for scale in [Scale::Linear, Scale::Log] {
            assert_eq!(colour_number(1.0, (1.0, 100.0), scale), 0);
            assert_eq!(colour_number(-5.0, (1.0, 100.0), scale), 0);
            assert_eq!(colour_number(100.0, (1.0, 100.0), scale), 254);
            assert_eq!(colour_number(f64::NAN, (1.0, 100.0), scale), 255);
        }
        assert_eq!(colour_number(10.0, (1.0, 100.0), Scale::Log), 127);
    }
}
