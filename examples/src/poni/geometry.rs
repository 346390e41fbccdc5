//! Where each pixel of a tilted detector lies, seen from the sample: the geometry of pyFAI.
//!
//! Before it is turned, the detector is perpendicular to the beam. Axis 1 goes up along
//! a column of pixels, axis 2 along a row, axis 3 along the beam. The point of normal incidence
//! (PONI) is the foot of the perpendicular from the sample onto the detector's plane. The detector
//! is turned about the sample: by `rot1` about axis 1, then `rot2` about axis 2 (both left-handed),
//! then `rot3` about axis 3 (right-handed).

use std::fmt;

use ndarray::Array2;

use crate::detector::Geometry;

/// Where a flat detector stands, which may be tilted against the beam. Lengths are in m, angles in
/// rad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TiltedGeometry {
    /// The sides of a pixel along axes 1 (a column) and 2 (a row).
    pub pixel_size: [f64; 2],
    /// From the sample to the point of normal incidence.
    pub distance: f64,
    /// The point of normal incidence along axes 1 and 2, from the corner of the detector.
    pub poni: [f64; 2],
    /// The rotations about axes 1, 2 and 3.
    pub rotations: [f64; 3],
    /// The corner from which axes 1 and 2 count, as pyFAI numbers it: 1 to 4. With 3 they count
    /// from the first row and column, with 1 from the last of both, with 2 from the last row, with
    /// 4 from the last column.
    pub orientation: u8,
    /// Of the X-rays, if it is known.
    pub wavelength: Option<f64>,
}

impl fmt::Display for TiltedGeometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width] = self.pixel_size.map(|side| side * 1e6);
        let [up, along] = self.poni.map(|place| place * 1e3);
        let [rot1, rot2, rot3] = self.rotations.map(f64::to_degrees);
        write!(
            f,
            "distance {:.4} mm, point of normal incidence {up:.4} mm along axis 1 and {along:.4} mm \
             along axis 2 (orientation {}), rotations {rot1:.4}°, {rot2:.4}°, {rot3:.4}°, pixels of \
             {height:.2} x {width:.2} µm",
            self.distance * 1e3,
            self.orientation
        )?;
        match self.wavelength {
            Some(wavelength) => write!(f, ", wavelength {:.5} Å", wavelength * 1e10),
            None => write!(f, ", wavelength not known"),
        }
    }
}

/// Where the centre of a pixel lies. Lengths are in m, angles in rad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelPosition {
    /// The distance from the beam, perpendicular to it.
    pub radius: f64,
    /// The scattering angle 2θ.
    pub two_theta: f64,
    /// The azimuth χ around the beam, from -π to π: 0 along axis 2, π/2 along axis 1.
    pub azimuth: f64,
    /// The cosine of the angle at which radiation from the sample meets the detector.
    pub cos_incidence: f64,
}

impl PixelPosition {
    /// The solid angle of the pixel, as a fraction of that at the point of normal incidence.
    pub fn solid_angle(&self) -> f64 {
        self.cos_incidence.powi(3)
    }

    /// The fraction of the radiation that polarisation lets scatter to here. The factor is 1
    /// for X-rays polarised along axis 2 (horizontally), -1 along axis 1, 0 for unpolarised ones.
    pub fn polarisation(&self, factor: f64) -> f64 {
        let cos2 = self.two_theta.cos().powi(2);
        0.5 * (1.0 + cos2 - factor * (2.0 * self.azimuth).cos() * (1.0 - cos2))
    }
}

impl TiltedGeometry {
    /// The positions of all pixels of a detector of `(rows, columns)` pixels.
    pub fn positions(&self, shape: (usize, usize)) -> Array2<PixelPosition> {
        let (rows, columns) = shape;
        let matrix = self.rotation_matrix();
        let rows_from_last = matches!(self.orientation, 1 | 2);
        let columns_from_last = matches!(self.orientation, 1 | 4);
        Array2::from_shape_fn(shape, |(row, column)| {
            let row = if rows_from_last { rows - 1 - row } else { row };
            let column = if columns_from_last { columns - 1 - column } else { column };
            let on_detector = [
                (row as f64 + 0.5) * self.pixel_size[0] - self.poni[0],
                (column as f64 + 0.5) * self.pixel_size[1] - self.poni[1],
                self.distance,
            ];
            let [up, along_row, along_beam] =
                matrix.map(|line| (0..3).map(|axis| line[axis] * on_detector[axis]).sum());
            let radius = f64::hypot(up, along_row);
            let from_sample = on_detector[0].hypot(on_detector[1]).hypot(self.distance);
            PixelPosition {
                radius,
                two_theta: radius.atan2(along_beam),
                azimuth: up.atan2(along_row),
                cos_incidence: self.distance / from_sample,
            }
        })
    }

    /// What turns a point on axes 1, 2 and 3: the rotation about axis 1 first.
    fn rotation_matrix(&self) -> [[f64; 3]; 3] {
        let [(sin1, cos1), (sin2, cos2), (sin3, cos3)] = self.rotations.map(f64::sin_cos);
        let about1 = [[1.0, 0.0, 0.0], [0.0, cos1, sin1], [0.0, -sin1, cos1]];
        let about2 = [[cos2, 0.0, -sin2], [0.0, 1.0, 0.0], [sin2, 0.0, cos2]];
        let about3 = [[cos3, -sin3, 0.0], [sin3, cos3, 0.0], [0.0, 0.0, 1.0]];
        product(about3, product(about2, about1))
    }
}

fn product(left: [[f64; 3]; 3], right: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    left.map(|line| [0, 1, 2].map(|column| (0..3).map(|k| line[k] * right[k][column]).sum()))
}

/// A detector perpendicular to the beam.
impl From<Geometry> for TiltedGeometry {
    fn from(flat: Geometry) -> Self {
        let pixel = flat.pixel_size_mm / 1000.0;
        TiltedGeometry {
            pixel_size: [pixel; 2],
            distance: flat.distance_mm / 1000.0,
            poni: [flat.centre_y * pixel, flat.centre_x * pixel],
            rotations: [0.0; 3],
            orientation: 3,
            wavelength: Some(flat.wavelength * 1e-10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poni::Unit;

    #[test]
    fn without_rotations_it_is_the_flat_geometry() {
        let flat = Geometry::PILATUS_WAXS;
        let tilted = TiltedGeometry::from(flat);
        let q = Unit::QPerAngstrom.of(&tilted).unwrap();
        for ((row, column), pixel) in tilted.positions((20, 30)).indexed_iter() {
            let expected = flat.q(row, column);
            assert!((q(pixel) / expected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn polarisation_follows_the_dipole() {
        let pixel = |azimuth| PixelPosition {
            radius: 1.0,
            two_theta: std::f64::consts::FRAC_PI_2,
            azimuth,
            cos_incidence: 1.0,
        };
        // At 90 degrees nothing is scattered along the polarisation, all across it.
        assert!(pixel(0.0).polarisation(1.0).abs() < 1e-12);
        assert!((pixel(0.0).polarisation(-1.0) - 1.0).abs() < 1e-12);
        assert!((pixel(1.2).polarisation(0.0) - 0.5).abs() < 1e-12);
    }
}
