//! Detectors that are known by name: their pixels, shapes and gaps.

use std::fmt;

use ndarray::{Array2, s};

/// A flat detector of equal pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    /// The name that the file has for it.
    pub name: String,
    /// The sides of a pixel along a column and along a row, in m.
    pub pixel_size: [f64; 2],
    /// Rows and columns, if they are known.
    pub shape: Option<(usize, usize)>,
    /// The family whose modules it is made of, if it is one that is known here.
    family: Option<&'static Family>,
    /// Whether the sensor is cadmium telluride, whose modules have a gap in their middle.
    cadmium_telluride: bool,
}

/// Detectors of DECTRIS made of the same modules.
#[derive(Debug, PartialEq)]
struct Family {
    name: &'static str,
    /// In m.
    pixel_size: f64,
    /// Rows and columns of a module.
    module: [usize; 2],
    /// Rows and columns between two modules.
    gap: [usize; 2],
    /// Columns without sensor in the middle of a module of cadmium telluride: how many before the
    /// middle, and how many from it on.
    middle: [usize; 2],
    /// Names without the family's, rows and columns.
    members: &'static [(&'static str, usize, usize)],
}

const FAMILIES: [Family; 4] = [
    Family {
        name: "pilatus4",
        pixel_size: 150e-6,
        module: [255, 513],
        gap: [20, 7],
        middle: [0, 1],
        members: &[
            ("260k", 530, 513),
            ("260kw", 255, 1033),
            ("1m", 1080, 1033),
            ("2m", 1630, 1553),
            ("4m", 2180, 2073),
        ],
    },
    Family {
        name: "pilatus",
        pixel_size: 172e-6,
        module: [195, 487],
        gap: [17, 7],
        middle: [1, 2],
        members: &[
            ("100k", 195, 487),
            ("200k", 407, 487),
            ("300k", 619, 487),
            ("300kw", 195, 1475),
            ("900k", 619, 1475),
            ("900kw", 195, 4439),
            ("1m", 1043, 981),
            ("2m", 1679, 1475),
            ("6m", 2527, 2463),
        ],
    },
    Family {
        name: "eiger2",
        pixel_size: 75e-6,
        module: [512, 1028],
        gap: [38, 12],
        middle: [1, 1],
        members: &[
            ("250k", 512, 512),
            ("500k", 512, 1028),
            ("1m", 1062, 1028),
            ("1mw", 512, 2068),
            ("2mw", 512, 4148),
            ("4m", 2162, 2068),
            ("9m", 3262, 3108),
            ("16m", 4362, 4148),
        ],
    },
    Family {
        name: "eiger",
        pixel_size: 75e-6,
        module: [514, 1030],
        gap: [37, 10],
        middle: [0, 0],
        members: &[
            ("500k", 514, 1030),
            ("1m", 1065, 1030),
            ("4m", 2167, 2070),
            ("9m", 3269, 3110),
            ("16m", 4371, 4150),
        ],
    },
];

/// The beginnings of the names of pyFAI's detectors whose pixels form no plain grid.
const NO_GRID: [&str; 11] = [
    "aarhus",
    "cirpad",
    "cylindrical",
    "hexdetector",
    "imxpad",
    "jungfrau",
    "mythen",
    "nexus",
    "pixirad",
    "rapid",
    "xpad",
];

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.family {
            Some(_) => "its gaps are masked",
            None => "a flat grid of equal pixels, as far as is known here without gaps",
        };
        write!(f, "detector {}: {what}", self.name)
    }
}

impl Detector {
    /// A detector of which the file says the name, and may say pixel sizes and shape.
    ///
    /// # Errors
    /// If the name is not known and no pixel sizes are told, or the pixels form no plain grid.
    pub(super) fn new(
        name: &str,
        pixel_size: Option<[f64; 2]>,
        shape: Option<(usize, usize)>,
    ) -> anyhow::Result<Self> {
        // `Pilatus CdTe 1M`, `PilatusCdTe1M` and `Pilatus 1M CdTe` are one.
        let mut key = name.to_ascii_lowercase();
        key.retain(|letter| letter.is_ascii_alphanumeric());
        let cadmium_telluride = key.contains("cdte");
        let key = key.replace("cdte", "");
        if let Some(kind) = NO_GRID.iter().find(|kind| key.starts_with(**kind)) {
            anyhow::bail!(
                "the pixels of the detector {name:?} ({kind}) form no flat grid of equal pixels, \
                 which is all that this program knows"
            );
        }
        let known = FAMILIES.iter().find_map(|family| {
            let member = key.strip_prefix(family.name)?;
            let found = family.members.iter().find(|(name, ..)| *name == member);
            match found {
                Some(&(_, rows, columns)) => Some((family, Some((rows, columns)))),
                // A family by its name alone: the shape is what the file says.
                None if member.is_empty() => Some((family, None)),
                None => None,
            }
        });
        let family = known.map(|(family, _)| family);
        let pixel_size = pixel_size.or(family.map(|family| [family.pixel_size; 2]));
        let Some(pixel_size) = pixel_size else {
            let names = FAMILIES.iter().rev().flat_map(|family| {
                family.members.iter().map(|(member, ..)| format!("{}{member}", family.name))
            });
            anyhow::bail!(
                "the detector {name:?} is not known here and the file does not say how large its \
                 pixels are: add Detector_config: {{\"pixel1\": METRES, \"pixel2\": METRES}}, or \
                 name one of {}",
                names.collect::<Vec<_>>().join(", ")
            );
        };
        Ok(Detector {
            name: name.to_owned(),
            pixel_size,
            shape: shape.or(known.and_then(|(_, shape)| shape)),
            family,
            cadmium_telluride,
        })
    }

    /// Whether it writes values that mean "not valid": -1 and -2, or the largest ones of unsigned
    /// numbers.
    pub fn marks_invalid_pixels(&self) -> bool {
        self.family.is_some()
    }

    /// The pixels between and within the modules that see nothing; none if it has no modules.
    pub fn mask(&self, shape: (usize, usize)) -> Option<Array2<bool>> {
        let family = self.family?;
        let mut mask = Array2::from_elem(shape, false);
        let (rows, columns) = shape;
        let [module_rows, module_columns] = family.module;
        let [gap_rows, gap_columns] = family.gap;
        for gap in (module_rows..rows).step_by(module_rows + gap_rows) {
            mask.slice_mut(s![gap..rows.min(gap + gap_rows), ..]).fill(true);
        }
        for gap in (module_columns..columns).step_by(module_columns + gap_columns) {
            mask.slice_mut(s![.., gap..columns.min(gap + gap_columns)]).fill(true);
        }
        if self.cadmium_telluride {
            let [before, after] = family.middle;
            for middle in (module_columns / 2..columns).step_by(module_columns + gap_columns) {
                mask.slice_mut(s![.., middle - before..columns.min(middle + after)]).fill(true);
            }
        }
        Some(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        for name in ["Pilatus1M", "pilatus 1M", "Pilatus CdTe 1M", "Pilatus1M CdTe"] {
            let detector = Detector::new(name, None, None).unwrap();
            assert_eq!(detector.shape, Some((1043, 981)), "{name}");
            assert_eq!(detector.pixel_size, [172e-6; 2]);
            assert_eq!(detector.cadmium_telluride, name.contains("CdTe"));
        }
        let eiger = Detector::new("Eiger2CdTe_1M-W", None, None).unwrap();
        assert_eq!(eiger.shape, Some((512, 2068)));
        let generic = Detector::new("Eiger", None, Some((10, 20))).unwrap();
        assert_eq!((generic.shape, generic.pixel_size), (Some((10, 20)), [75e-6; 2]));
    }

    #[test]
    fn gaps_are_masked() {
        // The sums of pyFAI's own masks.
        for (name, masked) in [
            ("Pilatus1M", 73_533),
            ("PilatusCdTe300k", 18_313),
            ("Pilatus4_CdTe_1M", 71_160),
            ("Eiger4M", 250_330),
            ("Eiger2CdTe_1M", 41_112),
        ] {
            let detector = Detector::new(name, None, None).unwrap();
            let mask = detector.mask(detector.shape.unwrap()).unwrap();
            assert_eq!(mask.iter().filter(|&&masked| masked).count(), masked, "{name}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let error = Detector::new("Camera", None, None).unwrap_err().to_string();
        assert!(error.contains("\"Camera\"") && error.contains("pilatus1m"), "{error}");
        assert!(Detector::new("Camera", Some([1e-4; 2]), None).is_ok());
        let error = Detector::new("Cirpad", Some([1e-4; 2]), None).unwrap_err().to_string();
        assert!(error.contains("flat grid"), "{error}");
    }
}
