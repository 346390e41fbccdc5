//! Reading `.poni` files.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use serde_json::Value;

use super::{Detector, TiltedGeometry};

/// What a `.poni` file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Poni {
    /// The detector.
    pub detector: Detector,
    /// Where it stood.
    pub geometry: TiltedGeometry,
}

/// The newest version that is known.
const NEWEST: f64 = 3.0;

impl Poni {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read, a value is missing or makes no sense, or the file asks for what this
    /// program can't do: distorted or curved detectors, corrections of parallax.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {shown}"))?;
        text.parse().with_context(|| format!("can't use {shown} as a .poni file"))
    }
}

impl FromStr for Poni {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let entries = Entries::read(text)?;
        let version = entries.number("poni_version")?.unwrap_or(1.0);
        anyhow::ensure!(
            (1.0..=NEWEST).contains(&version),
            "poni_version is {version}, this program knows 1 to {NEWEST}: \
             save it with an older pyFAI"
        );
        if let Some((line, _)) = entries.get("parallax").filter(|entry| is(entry.1, "true")) {
            anyhow::bail!(
                "line {line}: the correction of parallax is on, which this program does not do: \
                 calibrate without it, and the file says `Parallax: False`"
            );
        }
        let spline = entries.get("splinefile");
        if let Some((line, file)) = spline.filter(|entry| !is(entry.1, "none")) {
            anyhow::bail!(
                "line {line}: the detector is distorted as the spline file {file} says, \
                 which this program does not correct"
            );
        }
        let (detector, orientation) = entries.detector()?;
        let metres = |names: &[&str]| entries.needed(names, "in m");
        let angle = |name| entries.number(name).map(|angle| angle.unwrap_or(0.0));
        let distance = metres(&["distance", "dist"])?;
        anyhow::ensure!(distance > 0.0, "the distance is {distance} m, it must be larger than 0");
        let wavelength = entries.number("wavelength")?;
        if let Some(wavelength) = wavelength {
            anyhow::ensure!(
                wavelength > 0.0 && wavelength < 1e-6,
                "the wavelength is {wavelength} m, that of X-rays is between 0 and 1e-6 m"
            );
        }
        let geometry = TiltedGeometry {
            pixel_size: detector.pixel_size,
            distance,
            poni: [metres(&["poni1"])?, metres(&["poni2"])?],
            rotations: [angle("rot1")?, angle("rot2")?, angle("rot3")?],
            orientation,
            wavelength,
        };
        Ok(Poni { detector, geometry })
    }
}

fn is(text: &str, expected: &str) -> bool {
    text.eq_ignore_ascii_case(expected)
}

/// The last value of each key, in lower case, with the number of its line.
struct Entries<'a>(HashMap<String, (usize, &'a str)>);

impl<'a> Entries<'a> {
    fn read(text: &'a str) -> anyhow::Result<Self> {
        let mut entries = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let (number, line) = (index + 1, line.trim());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(':').with_context(|| {
                format!(
                    "line {number} is {line:?}, lines of a .poni file are `Key: value` or `# …`"
                )
            })?;
            entries.insert(key.trim().to_ascii_lowercase(), (number, value.trim()));
        }
        anyhow::ensure!(!entries.is_empty(), "it says nothing: it has no line `Key: value`");
        Ok(Entries(entries))
    }

    fn get(&self, key: &str) -> Option<(usize, &'a str)> {
        self.0.get(key).copied()
    }

    /// A number, unless its key is missing or `None`.
    fn number(&self, key: &str) -> anyhow::Result<Option<f64>> {
        let Some((line, text)) = self.get(key).filter(|entry| !is(entry.1, "none")) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        let number =
            number.with_context(|| format!("line {line}: {key} is {text:?}, no number"))?;
        Ok(Some(number))
    }

    /// The number at the first of some keys that is there.
    fn needed(&self, keys: &[&str], unit: &str) -> anyhow::Result<f64> {
        for key in keys {
            if let Some(number) = self.number(key)? {
                return Ok(number);
            }
        }
        anyhow::bail!("there is no line `{}: NUMBER` ({unit})", keys[0])
    }

    /// The detector, and its orientation.
    fn detector(&self) -> anyhow::Result<(Detector, u8)> {
        let (config_line, config) = self.get("detector_config").unwrap_or((0, "{}"));
        let wrong = |what: String| anyhow::anyhow!("line {config_line}: Detector_config: {what}");
        let config: Value = serde_json::from_str(config)
            .map_err(|error| wrong(format!("{config:?} is no JSON object: {error}")))?;
        let field = |name: &str| config.get(name).filter(|value| !value.is_null());
        for (file, does) in [
            ("splineFile", "distorts it"),
            ("x_offset_file", "moves its pixels"),
            ("y_offset_file", "moves its pixels"),
            ("filename", "describes it"),
        ] {
            if let Some(name) = field(file) {
                let what = format!("the file {name} {does}, which this program does not read");
                return Err(wrong(what));
            }
        }

        let side = |name: &str, old_key: &str| -> anyhow::Result<Option<f64>> {
            let size = match field(name) {
                Some(value) => Some(value.as_f64().ok_or_else(|| {
                    wrong(format!("{name} is {value}, it must be a length in m"))
                })?),
                None => self.number(old_key)?,
            };
            if let Some(size) = size {
                anyhow::ensure!(
                    size > 0.0 && size < 0.1,
                    "the side {name} of a pixel is {size} m, it must lie between 0 and 0.1 m"
                );
            }
            Ok(size)
        };
        let pixel_size = match (side("pixel1", "pixelsize1")?, side("pixel2", "pixelsize2")?) {
            (Some(one), Some(two)) => Some([one, two]),
            (None, None) => None,
            (one, two) => anyhow::bail!(
                "one side of a pixel is told and the other is not: \
                 along a column {one:?} m, along a row {two:?} m"
            ),
        };
        let shape = field("max_shape").map(|value| {
            let side = |index| value.get(index).and_then(Value::as_u64).filter(|&side| side > 0);
            match (side(0), side(1), value.get(2)) {
                (Some(rows), Some(columns), None) => Ok((rows as usize, columns as usize)),
                _ => Err(wrong(format!("max_shape is {value}, it must be [rows, columns]"))),
            }
        });
        let shape = shape.transpose()?;
        let orientation = match field("orientation").map(|value| (value, value.as_u64())) {
            None | Some((_, Some(0))) => 3,
            Some((_, Some(orientation @ 1..=4))) => orientation as u8,
            Some((value, _)) => {
                return Err(wrong(format!("orientation is {value}, this program knows 1 to 4")));
            }
        };
        let (line, name) = self.get("detector").unwrap_or((0, "Detector"));
        let detector = Detector::new(name, pixel_size, shape);
        Ok((detector.with_context(|| format!("line {line}"))?, orientation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# Calibration done at Mon Mar 3 2014
PixelSize1: 0.0001
PixelSize2: 0.0002
Distance: 0.5
Poni1: 0.1
Poni2: 0.2
Rot1: 0.01
Rot2: -0.02
Rot3: 0.03
SplineFile: None
Wavelength: 1e-10
# Calibration done at Tue Mar 4 2014
Distance: 0.6
";

    const NEW: &str = r#"# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis
poni_version: 2.1
Detector: Detector
Detector_config: {"pixel1": 1e-4, "pixel2": 2e-4, "max_shape": [60, 80], "orientation": 2}
Distance: 0.6
Poni1: 0.1
Poni2: 0.2
Rot1: 0.01
Rot2: -0.02
Rot3: 0.03
"#;

    #[test]
    fn all_versions_are_read() {
        let old: Poni = OLD.parse().unwrap();
        assert_eq!(old.geometry.distance, 0.6, "the last entry counts");
        assert_eq!((old.geometry.orientation, old.geometry.wavelength), (3, Some(1e-10)));
        let new: Poni = NEW.parse().unwrap();
        assert_eq!(
            new.geometry,
            TiltedGeometry { orientation: 2, wavelength: None, ..old.geometry }
        );
        assert_eq!(new.detector.shape, Some((60, 80)));
        let by_name = NEW.replace("Detector: Detector", "Detector: Eiger4M");
        let by_name = by_name.replace(r#", "max_shape": [60, 80]"#, "").parse::<Poni>().unwrap();
        assert_eq!(by_name.detector.shape, Some((2167, 2070)));
        let version_2 = NEW.replace("2.1", "2").replace(r#", "orientation": 2"#, "");
        assert_eq!(version_2.parse::<Poni>().unwrap().geometry.orientation, 3);
        let version_3 = NEW.replace("2.1", "3") + "Parallax: False\n";
        assert_eq!(version_3.parse::<Poni>().unwrap(), new);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (from, to, told) in [
            ("Distance: 0.6", "Distance: far", "line 5: distance is \"far\", no number"),
            ("Distance: 0.6", "Distance: -1", "-1 m, it must be larger than 0"),
            ("Distance: 0.6\n", "", "no line `distance: NUMBER` (in m)"),
            ("Rot1: 0.01", "Rot1 0.01", "line 8 is \"Rot1 0.01\""),
            (
                "poni_version: 2.1",
                "poni_version: 9",
                "poni_version is 9, this program knows 1 to 3",
            ),
            ("[60, 80]", "[60]", "line 4: Detector_config: max_shape is [60]"),
            ("\"orientation\": 2", "\"orientation\": 7", "orientation is 7"),
            ("1e-4, ", "\"wide\", ", "pixel1 is \"wide\""),
            ("\"pixel1\": 1e-4, ", "", "along a column None m, along a row Some(0.0002) m"),
            ("2e-4,", "2e-4", "is no JSON object"),
            ("Detector: Detector", "Detector: Pixirad1", "line 3: the pixels"),
            ("Rot3: 0.03", "Parallax: True", "line 10: the correction of parallax is on"),
            ("Rot3: 0.03", "splineFile: a.spline", "the spline file a.spline"),
            ("Rot3: 0.03", "Wavelength: 1.0", "the wavelength is 1 m"),
        ] {
            assert!(NEW.contains(from), "{from}");
            let error = NEW.replace(from, to).parse::<Poni>().unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(told), "{to}: {error}");
        }
        assert!("".parse::<Poni>().unwrap_err().to_string().contains("says nothing"));
    }
}
