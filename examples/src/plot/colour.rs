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
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

impl ColourMap {
    /// `N` evenly spaced colours `[red, green, blue]`, from the smallest value to the largest.
    pub fn table<const N: usize>(self) -> [[u8; 3]; N] {
        let map = self.map();
        std::array::from_fn(|step| {
            let RGBColor(red, green, blue) = map.get_color(step as f64 / (N.max(2) - 1) as f64);
            [red, green, blue]
        })
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

#[rustfmt::skip]
const INFERNO: [[u8; 3]; 17] = [
    [0, 0, 4], [11, 7, 36], [33, 12, 74], [61, 9, 101], [87, 16, 110], [113, 25, 110],
    [138, 34, 106], [163, 44, 97], [188, 55, 84], [210, 70, 68], [228, 90, 49], [241, 115, 29],
    [249, 142, 9], [252, 172, 17], [249, 203, 53], [242, 234, 105], [252, 255, 164],
];

#[rustfmt::skip]
const VIRIDIS: [[u8; 3]; 17] = [
    [68, 1, 84], [72, 24, 106], [71, 45, 123], [66, 64, 134], [59, 82, 139], [51, 99, 141],
    [44, 114, 142], [38, 130, 142], [33, 145, 140], [31, 160, 136], [40, 174, 128], [63, 188, 115],
    [94, 201, 98], [132, 212, 75], [173, 220, 48], [216, 226, 25], [253, 231, 37],
];
