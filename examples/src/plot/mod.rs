//! Pictures of results: images, curves and histograms as SVG files, and plain PNG files.
//!
//! The files need nothing to be looked at but a browser. Images lie inside the SVG as PNG.

mod axis;
mod colour;
mod curves;
mod heat_map;
mod histogram;
mod picture;
mod png;

pub use axis::Scale;
pub use colour::ColourMap;
pub use curves::Curves;
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use png::write_rgb_png;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use ndarray::{Array1, Array2, array};

    use super::*;

    /// Lets a picture be written, and reads the file.
    fn written(name: &str, write: impl FnOnce(&PathBuf) -> anyhow::Result<()>) -> String {
        let path = std::env::temp_dir().join(format!("pasha-plot-{}-{name}", std::process::id()));
        write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(text.starts_with("<svg width=\"") && text.ends_with("</svg>\n"), "{text}");
        text
    }

    #[test]
    fn a_heat_map_has_axes_a_colour_bar_and_a_word_on_masked_pixels() {
        let mut image = Array2::from_shape_fn((20, 40), |(y, x)| (1 + x * y) as f64);
        let map = HeatMap::new(image.view(), "Title & more", "counts").log();
        let text = written("map.svg", |path| map.write_svg(path));
        assert_eq!(text.matches("<image ").count(), 2);
        assert!(text.contains("Title &amp; more") && text.contains("x / pixels"));
        assert!(!text.contains("masked"));
        image[[3, 4]] = f64::NAN;
        let map = HeatMap::new(image.view(), "", "counts");
        assert!(written("masked.svg", |path| map.write_svg(path)).contains("masked"));
    }

    #[test]
    fn curves_have_gaps_and_a_short_legend() {
        let x = Array1::linspace(0.1, 1.0, 5);
        let y = Array2::from_shape_fn((40, 5), |(row, column)| match (row, column) {
            (_, 2) => f64::NAN,
            _ => (1 + row + column) as f64,
        });
        let curves = Curves::new("T", ("q / Å⁻¹", Scale::Linear), ("I", Scale::Log)).series(
            "frame",
            x.view(),
            y.view(),
            |row| format!("number {row}"),
        );
        let text = written("curves.svg", |path| curves.write_svg(path));
        assert_eq!(text.matches("number ").count(), 10);
        assert!(text.contains("number 0\n") && text.contains("number 39\n"));
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn nothing_to_show_is_shown() {
        let none = Curves::new("T", ("x", Scale::Log), ("y", Scale::Log));
        written("none.svg", |path| none.write_svg(path));
        let counts = array![0, 0, 0];
        let histogram = Histogram::new(counts.view(), (0.0, 3.0), "T", "x", "n").log();
        written("zeros.svg", |path| histogram.write_svg(path));
        let image = Array2::from_elem((3, 3), f64::NAN);
        written("nan.svg", |path| HeatMap::new(image.view(), "T", "n").write_svg(path));
        let image = Array2::<f64>::zeros((0, 3));
        let error = HeatMap::new(image.view(), "T", "n").write_svg(&PathBuf::from("x"));
        assert!(error.unwrap_err().to_string().contains("without pixels"));
    }
}
