//! An SVG file in the making: the canvas, charts on it, and images within.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use crate::whole_file::write_whole;

/// Units of the canvas per pixel of the picture: plotters rounds positions to whole units, which
/// would give curves steps.
const FINE: i32 = 8;

pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'c> = ChartContext<'c, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

/// A rectangle in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Place {
    pub(super) fn right(self) -> i32 {
        self.left + self.width
    }

    pub(super) fn bottom(self) -> i32 {
        self.top + self.height
    }
}

/// An image (a PNG file) that fills a rectangle of the picture.
pub(super) struct Raster {
    pub(super) place: Place,
    pub(super) png: Vec<u8>,
}

/// A font size in pixels of the picture, as plotters wants it.
pub(super) fn font(pixels: f64) -> (&'static str, f64) {
    // plotters' SVG files say 1/1.24 of the size that was asked for.
    ("sans-serif", 1.24 * pixels * f64::from(FINE))
}

/// A line of this width in pixels of the picture.
pub(super) fn stroke(colour: RGBColor, pixels: f64) -> ShapeStyle {
    let width = (pixels * f64::from(FINE)).round() as u32;
    ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width }
}

/// Writes text at a position in pixels of the picture.
pub(super) fn write_text(
    canvas: &Canvas,
    text: &str,
    (x, y): (i32, i32),
    size: f64,
    horizontal: HPos,
) -> anyhow::Result<()> {
    let style = TextStyle::from(font(size)).pos(Pos::new(horizontal, VPos::Center));
    canvas.draw_text(text, &style, (x * FINE, y * FINE)).map_err(plotters_error)
}

/// Draws a straight line between positions in pixels of the picture.
pub(super) fn draw_line(
    canvas: &Canvas,
    ends: [(i32, i32); 2],
    style: ShapeStyle,
) -> anyhow::Result<()> {
    let ends = ends.map(|(x, y)| (x * FINE, y * FINE));
    canvas.draw(&PathElement::new(ends, style)).map_err(plotters_error)
}

/// Fills a rectangle, and draws a frame around it.
pub(super) fn draw_box(canvas: &Canvas, place: Place, fill: RGBColor) -> anyhow::Result<()> {
    let corners = [(place.left, place.top), (place.right(), place.bottom())];
    let corners = corners.map(|(x, y)| (x * FINE, y * FINE));
    canvas.draw(&Rectangle::new(corners, fill.filled())).map_err(plotters_error)?;
    draw_frame(canvas, place)
}

/// Makes a chart whose plotting area lies exactly at `place`, with room for numbers and labels on
/// the left and below.
pub(super) fn chart_at<'a, 'c>(
    canvas: &Canvas<'a>,
    place: Place,
    x: Axis,
    y: Axis,
) -> anyhow::Result<Chart<'a, 'c>> {
    const LEFT: i32 = 76;
    const BELOW: i32 = 52;
    let area = canvas.clone().shrink(
        ((place.left - LEFT) * FINE, place.top * FINE),
        ((place.width + LEFT) * FINE, (place.height + BELOW) * FINE),
    );
    ChartBuilder::on(&area)
        .x_label_area_size(BELOW * FINE)
        .y_label_area_size(LEFT * FINE)
        .build_cartesian_2d(x, y)
        .map_err(plotters_error)
}

/// Draws the ticks, their numbers, the axis labels, and a grid if there is to be one.
pub(super) fn draw_axes(chart: &mut Chart, grid: bool) -> anyhow::Result<()> {
    let (x, y) = {
        let coordinates = chart.as_coord_spec();
        (coordinates.x_spec().label.clone(), coordinates.y_spec().label.clone())
    };
    let mut mesh = chart.configure_mesh();
    if !grid {
        mesh.disable_mesh();
    }
    mesh.x_desc(x)
        .y_desc(y)
        .axis_desc_style(font(15.0))
        .label_style(font(13.0))
        .axis_style(stroke(BLACK, 1.0))
        .bold_line_style(stroke(RGBColor(205, 205, 205), 0.8))
        .light_line_style(stroke(RGBColor(235, 235, 235), 0.6))
        .set_all_tick_mark_size(5 * FINE)
        .draw()
        .map_err(plotters_error)
}

/// Closes the plotting area with a frame.
pub(super) fn draw_frame(canvas: &Canvas, place: Place) -> anyhow::Result<()> {
    let Place { left, top, .. } = place;
    let (right, bottom) = (place.right(), place.bottom());
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    let corners = corners.map(|(x, y)| (x * FINE, y * FINE));
    // A path, as plotters' SVG files draw rectangles with thin lines only.
    canvas.draw(&PathElement::new(corners, stroke(BLACK, 1.0))).map_err(plotters_error)
}

/// Draws an axis upwards along the right side of `place`: ticks, their numbers, and the label.
pub(super) fn draw_right_axis(canvas: &Canvas, place: Place, axis: &Axis) -> anyhow::Result<()> {
    let right = place.right() * FINE;
    let numbers = TextStyle::from(font(13.0)).pos(Pos::new(HPos::Left, VPos::Center));
    for tick in axis.major() {
        let y = axis.map(tick, (place.bottom() * FINE, place.top * FINE));
        let line = PathElement::new([(right, y), (right + 5 * FINE, y)], stroke(BLACK, 1.0));
        canvas.draw(&line).map_err(plotters_error)?;
        let text = axis.format_ext(tick);
        canvas.draw_text(&text, &numbers, (right + 9 * FINE, y)).map_err(plotters_error)?;
    }
    let label = TextStyle::from(font(15.0))
        .transform(FontTransform::Rotate270)
        .pos(Pos::new(HPos::Center, VPos::Center));
    let middle = (right + 68 * FINE, (place.top + place.height / 2) * FINE);
    canvas.draw_text(&axis.label, &label, middle).map_err(plotters_error)
}

/// Draws a picture of `width` x `height` pixels and writes it to a file.
///
/// `draw` draws on the canvas and returns the images, which lie below all that is drawn.
pub(super) fn write_svg(
    path: &Path,
    (width, height): (i32, i32),
    draw: impl FnOnce(&Canvas) -> anyhow::Result<Vec<Raster>>,
) -> anyhow::Result<()> {
    let fine = ((width * FINE) as u32, (height * FINE) as u32);
    let mut svg = String::new();
    let rasters = {
        let canvas = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        canvas.fill(&WHITE).map_err(plotters_error)?;
        let rasters = draw(&canvas)?;
        canvas.present().map_err(plotters_error)?;
        rasters
    };
    // The canvas is fine, the picture is not: the size that viewers show is in the head alone.
    let head = format!("width=\"{}\" height=\"{}\"", fine.0, fine.1);
    let svg = svg.replacen(&head, &format!("width=\"{width}\" height=\"{height}\""), 1);
    // The images lie above the background, which is the first element, and below the rest.
    let (background, rest) = svg
        .split_once("/>\n")
        .ok_or_else(|| anyhow!("plotters wrote an SVG file without a background"))?;
    let images: String = rasters.iter().map(image_element).collect();
    let svg = format!("{background}/>\n{images}{rest}");
    write_whole(path, svg).with_context(|| format!("can't write the picture {}", path.display()))
}

/// The SVG element of an image.
fn image_element(raster: &Raster) -> String {
    let Place { left, top, width, height } = raster.place;
    let [left, top, width, height] = [left, top, width, height].map(|pixels| pixels * FINE);
    let png = BASE64_STANDARD.encode(&raster.png);
    format!(
        "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{png}\"/>\n"
    )
}

/// What plotters says when drawing fails; its type is tied to the canvas.
pub(super) fn plotters_error(error: impl std::error::Error) -> anyhow::Error {
    anyhow!("can't draw the picture: {error}")
}
