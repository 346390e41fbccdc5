//! The documents of a store, as Python writes them and the `zarrs` crate does not read them.
//!
//! Python's `json` writes `NaN`, `Infinity` and `-Infinity` where attributes have such numbers, for
//! which JSON has no words. The format writes them as texts where a fill value has them, and so
//! they are read. The numcodecs library writes codecs of the format under names of its own, and
//! leaves out what has its default.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::files::open_regular;

/// What the format calls numbers that JSON has no words for.
const NAMED: [(&str, f64); 3] =
    [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];

/// The number that a text is the name of.
pub(super) fn named(text: &str) -> Option<f64> {
    NAMED.iter().find(|(name, _)| *name == text).map(|&(_, value)| value)
}

/// A number as the format has it.
pub(super) fn number(value: f64) -> Value {
    let is_value = |it: f64| it == value || it.is_nan() && value.is_nan();
    match NAMED.iter().find(|&&(_, it)| is_value(it)) {
        Some(&(name, _)) => name.into(),
        None => value.into(),
    }
}

/// The document as the format has it.
pub(super) fn standard(document: &[u8]) -> Cow<'_, [u8]> {
    let document = without_named(document);
    let is_concerned = document.windows(NUMCODECS.len()).any(|it| it == NUMCODECS.as_bytes());
    let Some(mut metadata) = is_concerned
        .then(|| serde_json::from_slice::<Value>(&document).ok())
        .flatten()
        .filter(|metadata| metadata["codecs"].is_array())
    else {
        return document;
    };
    standard_codecs(&mut metadata);
    Cow::Owned(metadata.to_string().into_bytes())
}

/// How the names of numcodecs' codecs begin.
const NUMCODECS: &str = "numcodecs.";

/// Gives the codecs of an array, or of the chunks in its shards, the names that the format has for
/// them, and what their configuration must have. Nothing of it matters to who decompresses.
fn standard_codecs(around: &mut Value) {
    for list in ["codecs", "index_codecs"] {
        let codecs = around.get_mut(list).and_then(Value::as_array_mut);
        for codec in codecs.into_iter().flatten() {
            let name = codec["name"].as_str().and_then(|name| name.strip_prefix(NUMCODECS));
            match name {
                Some("zlib" | "bz2") => codec["configuration"] = json!({"level": 1}),
                Some("gzip") => *codec = json!({"name": "gzip", "configuration": {"level": 1}}),
                Some("zstd") => {
                    let configuration = json!({"level": 1, "checksum": false});
                    *codec = json!({"name": "zstd", "configuration": configuration});
                }
                Some("blosc") => {
                    let configuration = json!({"cname": "lz4", "clevel": 1, "shuffle": "noshuffle",
                        "typesize": 1, "blocksize": 0});
                    *codec = json!({"name": "blosc", "configuration": configuration});
                }
                _ => {
                    if let Some(configuration) = codec.get_mut("configuration") {
                        standard_codecs(configuration);
                    }
                }
            }
        }
    }
}

/// The document with texts in the place of numbers that JSON has no words for.
fn without_named(document: &[u8]) -> Cow<'_, [u8]> {
    let mut written = Vec::new();
    let mut copied = 0;
    let mut place = 0;
    while let Some(&byte) = document.get(place) {
        if byte == b'"' {
            place = end_of_text(document, place);
            continue;
        }
        let found = NAMED.iter().find(|(name, _)| document[place..].starts_with(name.as_bytes()));
        let Some((name, _)) = found else {
            place += 1;
            continue;
        };
        written.extend_from_slice(&document[copied..place]);
        written.extend_from_slice(format!("\"{name}\"").as_bytes());
        place += name.len();
        copied = place;
    }
    if copied == 0 {
        return Cow::Borrowed(document);
    }
    written.extend_from_slice(&document[copied..]);
    Cow::Owned(written)
}

/// Where the text that begins here has ended.
fn end_of_text(document: &[u8], start: usize) -> usize {
    let mut is_escaped = false;
    let is_end = |&byte: &u8| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    };
    let text = document[start + 1..].iter();
    text.clone().position(is_end).map_or(document.len(), |len| start + len + 2)
}

/// A document, if there is one that is an object.
pub(super) fn read(path: &Path) -> Option<Map<String, Value>> {
    // Something else than a regular file may never end.
    let mut document = Vec::new();
    let file = open_regular(path, File::options().read(true)).ok()?;
    (&file).read_to_end(&mut document).ok()?;
    serde_json::from_slice(&standard(&document)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_of_numcodecs_have_the_names_of_the_format() {
        let codecs = |text: &str| {
            let metadata: Value = serde_json::from_slice(&standard(text.as_bytes())).unwrap();
            metadata["codecs"].clone()
        };
        let seen = codecs(
            r#"{"codecs": ["bytes", 3, {"name": "numcodecs.zlib", "configuration": [1]},
            {"name": "sharding_indexed", "configuration": {"codecs": [{"name": "numcodecs.zstd"}]}},
            {"name": "numcodecs.lzma", "configuration": {}}]}"#,
        );
        assert_eq!(seen[0], "bytes");
        assert_eq!(seen[2], json!({"name": "numcodecs.zlib", "configuration": {"level": 1}}));
        assert_eq!(seen[3]["configuration"].as_object().unwrap().len(), 1);
        assert_eq!(seen[3]["configuration"]["codecs"][0]["name"], "zstd");
        assert_eq!(seen[4], json!({"name": "numcodecs.lzma", "configuration": {}}));
    }

    #[test]
    fn only_numbers_without_words_are_replaced() {
        for (document, expected) in [
            (
                r#"{"a": NaN, "b": [1.0, -Infinity,Infinity]}"#,
                r#"{"a": "NaN", "b": [1.0, "-Infinity","Infinity"]}"#,
            ),
            (r#"{"NaN": "a NaN\" NaN", "\\": NaN}"#, r#"{"NaN": "a NaN\" NaN", "\\": "NaN"}"#),
            (r#"{"a": "no end NaN"#, r#"{"a": "no end NaN"#),
            (r#"{"a": 1e-3}"#, r#"{"a": 1e-3}"#),
            ("NaN", "\"NaN\""),
            ("\"", "\""),
            ("", ""),
        ] {
            let seen = without_named(document.as_bytes());
            assert_eq!(std::str::from_utf8(&seen).unwrap(), expected);
        }
    }
}
