//! The table as a picture: each row as a fraction of what it may come to.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::verdict::Line;

const WIDTH: u32 = 900;
const ROW: u32 = 22;
const NAMES: u32 = 430;
const HEAD: u32 = 50;

/// Bars reach to this fraction; longer ones are cut there.
const LARGEST: f64 = 1.5;

/// Draws all rows that have a goal.
pub(crate) fn draw(lines: &[Line], path: &Path) -> Result<(), Box<dyn Error>> {
    let bars: Vec<(&str, f64)> = lines
        .iter()
        .filter_map(|line| Some((line.name.as_str(), line.fraction_of_goal()?)))
        .collect();
    let height = HEAD + ROW * bars.len() as u32 + 20;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font();
    let right = TextStyle::from(font(13)).pos(Pos::new(HPos::Right, VPos::Center));
    let left = TextStyle::from(font(13)).pos(Pos::new(HPos::Left, VPos::Center));
    let title = TextStyle::from(font(15)).pos(Pos::new(HPos::Left, VPos::Center));
    let scale = f64::from(WIDTH - NAMES - 60) / LARGEST;
    let place = |fraction: f64| NAMES as i32 + (fraction.min(LARGEST) * scale) as i32;
    area.draw(&Text::new(
        "What each row takes, as a fraction of what its goal allows (1: just met)",
        (20, 20),
        title,
    ))?;
    for (number, (name, fraction)) in bars.iter().enumerate() {
        let top = (HEAD + ROW * number as u32) as i32;
        let middle = top + ROW as i32 / 2;
        let color = if *fraction <= 1.0 { RGBColor(66, 120, 172) } else { RGBColor(202, 92, 50) };
        let bar =
            [(place(0.0), top + 4), (place(*fraction).max(place(0.0) + 1), top + ROW as i32 - 4)];
        area.draw(&Rectangle::new(bar, color.filled()))?;
        area.draw(&Text::new(*name, (NAMES as i32 - 8, middle), right.clone()))?;
        area.draw(&Text::new(
            format!("{fraction:.2}"),
            (place(*fraction) + 6, middle),
            left.clone(),
        ))?;
    }
    let bottom = height as i32 - 14;
    for (fraction, style) in [(0.0, BLACK.stroke_width(1)), (1.0, BLACK.stroke_width(2))] {
        let x = place(fraction);
        area.draw(&PathElement::new([(x, HEAD as i32 - 6), (x, bottom)], style))?;
    }
    area.present()?;
    Ok(())
}
