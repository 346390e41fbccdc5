//! The table as a picture: each row as a fraction of what it may come to.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::verdict::Line;

const WIDTH: u32 = 1220;
const ROW: u32 = 22;
/// Left of the bars.
const NAMES: u32 = 720;
/// Right of the bars.
const NUMBERS: u32 = 60;
const HEAD: u32 = 50;

/// Bars reach to this fraction; longer ones are cut there.
const LARGEST: f64 = 1.5;

/// Draws all rows that have a goal.
pub(crate) fn draw(lines: &[Line], path: &Path) -> Result<(), Box<dyn Error>> {
    let bars: Vec<(String, f64)> = lines
        .iter()
        .filter_map(|line| Some((label(line, lines), line.fraction_of_goal()?)))
        .collect();
    let height = HEAD + ROW * bars.len() as u32 + 20;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font();
    let right = TextStyle::from(font(13)).pos(Pos::new(HPos::Right, VPos::Center));
    let left = TextStyle::from(font(13)).pos(Pos::new(HPos::Left, VPos::Center));
    let title = TextStyle::from(font(15)).pos(Pos::new(HPos::Left, VPos::Center));
    let scale = f64::from(WIDTH - NAMES - NUMBERS) / LARGEST;
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
        area.draw(&Text::new(name.as_str(), (NAMES as i32 - 8, middle), right.clone()))?;
        area.draw(&Text::new(
            format!("{fraction:.2}"),
            (place(LARGEST) + 12, middle),
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

/// What a row is called in the picture: with its peer, where another has the same name.
fn label(line: &Line, lines: &[Line]) -> String {
    let with_goals = lines.iter().filter(|line| line.fraction_of_goal().is_some());
    match with_goals.filter(|other| other.name == line.name).count() {
        0 | 1 => line.name.clone(),
        _ => format!("{}, against {}", line.name, line.peer),
    }
}
