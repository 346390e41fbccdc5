//! The units in which the distance of a pixel from the beam is told.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use super::{PixelPosition, TiltedGeometry};

/// What the radial axis shows, by the names that pyFAI has for it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unit {
    /// Momentum transfer in 1/Å.
    #[default]
    QPerAngstrom,
    /// Momentum transfer in 1/nm.
    QPerNanometre,
    /// Scattering angle 2θ in degrees.
    TwoThetaDegrees,
    /// Scattering angle 2θ in rad.
    TwoThetaRadians,
    /// Distance from the beam, perpendicular to it, in mm.
    RadiusMillimetres,
}

/// Each unit with pyFAI's name for it.
const NAMES: [(Unit, &str); 5] = [
    (Unit::QPerAngstrom, "q_A^-1"),
    (Unit::QPerNanometre, "q_nm^-1"),
    (Unit::TwoThetaDegrees, "2th_deg"),
    (Unit::TwoThetaRadians, "2th_rad"),
    (Unit::RadiusMillimetres, "r_mm"),
];

impl Unit {
    /// The quantity and its unit, for an axis.
    pub fn label(self) -> &'static str {
        match self {
            Unit::QPerAngstrom => "q / Å⁻¹",
            Unit::QPerNanometre => "q / nm⁻¹",
            Unit::TwoThetaDegrees => "2θ / °",
            Unit::TwoThetaRadians => "2θ / rad",
            Unit::RadiusMillimetres => "r / mm",
        }
    }

    /// The quantity, as a name for files.
    pub fn quantity(self) -> &'static str {
        match self {
            Unit::QPerAngstrom | Unit::QPerNanometre => "q",
            Unit::TwoThetaDegrees | Unit::TwoThetaRadians => "two_theta",
            Unit::RadiusMillimetres => "radius",
        }
    }

    /// How to compute the value of a pixel.
    ///
    /// # Errors
    /// If the momentum transfer is asked for and the wavelength is not known.
    pub fn of(self, geometry: &TiltedGeometry) -> anyhow::Result<impl Fn(&PixelPosition) -> f64> {
        let is_q = matches!(self, Unit::QPerAngstrom | Unit::QPerNanometre);
        let wavelength = match geometry.wavelength {
            Some(wavelength) => wavelength,
            None if is_q => anyhow::bail!(
                "the unit {self} needs the wavelength, which is not known: \
                 give --wavelength ANGSTROM, or another unit (--unit 2th_deg, 2th_rad or r_mm)"
            ),
            None => f64::NAN,
        };
        let q_factor = match self {
            Unit::QPerNanometre => 4.0 * PI / (wavelength * 1e9),
            _ => 4.0 * PI / (wavelength * 1e10),
        };
        Ok(move |pixel: &PixelPosition| match self {
            Unit::QPerAngstrom | Unit::QPerNanometre => q_factor * (pixel.two_theta / 2.0).sin(),
            Unit::TwoThetaDegrees => pixel.two_theta.to_degrees(),
            Unit::TwoThetaRadians => pixel.two_theta,
            Unit::RadiusMillimetres => pixel.radius * 1000.0,
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each unit has a name, which a test holds.
        let name = NAMES.iter().find(|(unit, _)| unit == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for Unit {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let unit = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        unit.map(|(unit, _)| *unit).ok_or_else(|| {
            let names = NAMES.map(|(_, name)| name).join(", ");
            anyhow::anyhow!("{text:?} is no unit of this program: those are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_pyfai() {
        for (unit, name) in NAMES {
            assert_eq!(unit.to_string(), name);
            assert_eq!(name.parse::<Unit>().unwrap(), unit);
        }
        let error = "q_m^-1".parse::<Unit>().unwrap_err().to_string();
        assert!(error.contains("\"q_m^-1\"") && error.contains("q_nm^-1, 2th_deg"), "{error}");
    }
}
