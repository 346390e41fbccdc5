//! Colour maps: perceptually even, readable in grey and by the colour-blind.

use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, DerivedColorMap};

/// A sequential colour scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourMap {
    /// Black over purple and orange to pale yellow: for images.
    #[default]
    Inferno,
    /// Dark blue over green to yellow: for images and for curves in an order.
    Viridis,
}

/// The colour of pixels without a value.
pub(super) const MASKED: RGBColor = RGBColor(150, 150, 150);

/// Colours for curves that have no order, readable on white and by the colour-blind.
pub(super) const DISTINCT: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

impl ColourMap {
    /// `N` evenly spaced colours, from the smallest value to the largest.
    pub(super) fn colours<const N: usize>(self) -> [RGBColor; N] {
        let map = self.map();
        std::array::from_fn(|step| map.get_color(step as f64 / (N.max(2) - 1) as f64))
    }

    /// The colour of one curve among many: `part` is 0 for the first and 1 for the last. The
    /// brightest colours are left out, which can't be seen on white.
    pub(super) fn on_white(self, part: f64) -> RGBColor {
        self.map().get_color(0.9 * part)
    }

    fn map(self) -> DerivedColorMap<RGBColor> {
        DerivedColorMap::new(&self.anchors().map(|[r, g, b]| RGBColor(r, g, b)))
    }

    /// The colours of matplotlib's maps at equal distances.
    fn anchors(self) -> [[u8; 3]; 17] {
        match self {
            ColourMap::Inferno => INFERNO,
            ColourMap::Viridis => VIRIDIS,
        }
    }
}
