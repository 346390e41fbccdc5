//! The formats of files, by the endings of their names.

use std::path::Path;

use crate::error::{Error, Result};

/// A format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimelineFormat {
    Svg,
    Json,
}

impl TimelineFormat {
    /// The format that a file's name says.
    pub(super) fn of(path: &Path) -> Result<TimelineFormat> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(TimelineFormat::Svg),
            Some("json") => Ok(TimelineFormat::Json),
            _ => Err(Error::Argument {
                argument: "the file of a timeline".to_owned(),
                value: format!("{path:?}"),
                advice: "its ending says the format: give it a name that ends in `.svg`, for a \
                         picture, or in `.json`, for Perfetto (https://ui.perfetto.dev)"
                    .to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_ending_is_refused_with_those_that_there_are() {
        assert_eq!(TimelineFormat::of(Path::new("out/a.b.SVG")).unwrap(), TimelineFormat::Svg);
        assert_eq!(TimelineFormat::of(Path::new("t.json")).unwrap(), TimelineFormat::Json);
        for name in ["t", "t.png", ".svg", "svg", ""] {
            let message = TimelineFormat::of(Path::new(name)).unwrap_err().to_string();
            assert!(message.starts_with(&format!("the file of a timeline is {name:?}: ")));
            assert!(message.contains("`.svg`") && message.contains("`.json`"), "{message}");
        }
    }
}
