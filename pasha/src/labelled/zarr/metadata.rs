//! The metadata of an array, looked at before the `zarrs` crate is given it.
//!
//! A damaged store must not make anything that its metadata names the size of be allocated, and a
//! codec that is missing is no damage.

use std::fs;
use std::path::Path;

use serde_json::Value;
use zarrs::array::Codec;
use zarrs::metadata::v2::MetadataV2;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::PluginCreateError;

use super::folders::is_there;
use super::json::standard;
use crate::files::other_than_regular;

/// The most bytes that a chunk may have once it is decompressed: more is a damaged file.
pub(super) const LARGEST_CHUNK: u64 = 4 << 30;

/// The most bytes that metadata may have; those of arrays have some thousand.
const LARGEST_METADATA: u64 = 16 << 20;

/// The most bytes that one element may have.
const LARGEST_ELEMENT: u64 = 1 << 20;

/// The most chunks that a shard may have: its index has 16 bytes for each.
const MOST_IN_SHARD: u64 = 1 << 24;

/// NumPy's arrays have no more dimensions.
const MOST_DIMENSIONS: usize = 64;

/// Says what keeps the array in this folder from being read, as far as its metadata tell.
pub(super) fn check(folder: &Path) -> Result<(), String> {
    let names = ["zarr.json", ".zarray"];
    let Some(name) = names.into_iter().find(|name| is_there(&folder.join(name))) else {
        return Err("it has no metadata (zarr.json or .zarray)".to_owned());
    };
    let path = folder.join(name);
    match fs::metadata(&path) {
        Ok(found) => {
            if let Some(what) = other_than_regular(found.file_type()) {
                return Err(format!("its {name} is {what}, not a file of the store"));
            }
        }
        Err(error) => {
            let target = fs::read_link(&path).map_or(String::new(), |target| {
                format!(" is a link to {}, which can't be followed", target.display())
            });
            return Err(format!("its {name}{target}: {error}"));
        }
    }
    for extra in [name, ".zattrs"] {
        let size = fs::metadata(folder.join(extra)).map_or(0, |found| found.len());
        if size > LARGEST_METADATA {
            return Err(format!("its {extra} has {size} bytes, which is no metadata of an array"));
        }
    }
    let text = fs::read(folder.join(name)).map_err(|error| format!("its {name}: {error}"))?;
    check_text(&text, name == ".zarray").map_err(|reason| format!("its {name}: {reason}"))
}

/// Says what keeps an array with these metadata, of format 2 or 3, from being read.
pub(super) fn check_text(text: &[u8], is_format_2: bool) -> Result<(), String> {
    let metadata: Value = serde_json::from_slice(&standard(text))
        .map_err(|error| format!("it is damaged ({error})"))?;
    let shape = lengths(&metadata["shape"]).ok_or("its shape is no list of lengths")?;
    if shape.len() > MOST_DIMENSIONS {
        return Err(format!("it has {} dimensions", shape.len()));
    }
    match is_format_2 {
        true => check_2(&metadata, shape.len()),
        false => check_3(&metadata, shape.len()),
    }
}

fn check_2(metadata: &Value, ndim: usize) -> Result<(), String> {
    let element = element_size(&metadata["dtype"])?;
    check_chunk(&metadata["chunks"], ndim, element)?;
    let filters = metadata["filters"].as_array().into_iter().flatten();
    for codec in filters.chain([&metadata["compressor"]]) {
        let Some(id) = codec["id"].as_str() else { continue };
        let is_missing = match serde_json::from_value::<MetadataV2>(codec.clone()) {
            Ok(codec) => is_missing(&Codec::from_metadata(&codec)),
            Err(error) => return Err(format!("its codec {id} is damaged ({error})")),
        };
        // Those of texts are known by another name.
        if is_missing && !id.starts_with("vlen-") {
            return Err(unsupported(id));
        }
        check_precision(id, codec)?;
        let widened = codec["astype"].as_str().is_some() && codec["astype"] != codec["dtype"];
        if id == "delta" && widened && metadata["order"] == "F" {
            return Err(format!(
                "its codec {id} of elements {} as {} is not supported in Fortran order; write it with \
                 elements as they are, or in C order",
                codec["dtype"], codec["astype"]
            ));
        }
    }
    Ok(())
}

fn check_3(metadata: &Value, ndim: usize) -> Result<(), String> {
    let element = element_size(&metadata["data_type"])?;
    let chunk = &metadata["chunk_grid"]["configuration"]["chunk_shape"];
    let is_regular = metadata["chunk_grid"]["name"] == "regular";
    let codecs = metadata["codecs"].as_array().map_or(&[][..], |codecs| &codecs[..]);
    let is_sharded = codecs.iter().any(|codec| name(codec) == Some("sharding_indexed"));
    if is_regular && !is_sharded {
        check_chunk(chunk, ndim, element)?;
    }
    check_codecs(codecs, chunk, ndim, element)
}

/// Codecs of chunks of this shape; those of a shard have codecs in them.
fn check_codecs(codecs: &[Value], chunk: &Value, ndim: usize, element: u64) -> Result<(), String> {
    for codec in codecs {
        let Some(name) = name(codec) else { continue };
        let configuration = &codec["configuration"];
        if name == "sharding_indexed" {
            let inner = &configuration["chunk_shape"];
            check_chunk(inner, ndim, element)?;
            if let (Some(outer), Some(lens)) = (lengths(chunk), lengths(inner)) {
                let mut numbers = outer.iter().zip(&lens).map(|(outer, len)| outer / len);
                let chunks = numbers.try_fold(1, u64::checked_mul);
                if chunks.is_none_or(|chunks| chunks > MOST_IN_SHARD) {
                    return Err(format!("its shards of shape {outer:?} have too many chunks"));
                }
            }
            for inside in ["codecs", "index_codecs"] {
                let list = configuration[inside].as_array().map_or(&[][..], |list| &list[..]);
                check_codecs(list, inner, ndim, element)?;
            }
        } else if let Ok(parsed) = serde_json::from_value::<MetadataV3>(codec.clone())
            && is_missing(&Codec::from_metadata(&parsed))
        {
            return Err(unsupported(name));
        }
        check_precision(name.trim_start_matches("numcodecs."), configuration)?;
    }
    Ok(())
}

/// The library calculates this one with numbers of seven digits.
fn check_precision(name: &str, configuration: &Value) -> Result<(), String> {
    let is_short = configuration["dtype"].as_str().is_some_and(|it| it.ends_with("f4"));
    if name != "fixedscaleoffset" || is_short {
        return Ok(());
    }
    Err(format!(
        "its codec {name} of elements {} would lose digits here; write it without, or of \"<f4\"",
        configuration["dtype"]
    ))
}

/// The name of a codec of format 3, which is text or an object with a name.
fn name(codec: &Value) -> Option<&str> {
    codec.as_str().or_else(|| codec["name"].as_str())
}

fn is_missing(created: &Result<Codec, PluginCreateError>) -> bool {
    matches!(created, Err(PluginCreateError::Unsupported(_)))
}

fn unsupported(codec: &str) -> String {
    format!(
        "its codec {codec} is not supported; write it with blosc, zstd, gzip, zlib, bz2 or lz4, with \
         or without shuffle or delta"
    )
}

/// Numbers of a list; none of them is negative.
fn lengths(list: &Value) -> Option<Vec<u64>> {
    list.as_array()?.iter().map(Value::as_u64).collect()
}

/// Checks a chunk before something of its size is allocated.
fn check_chunk(chunk: &Value, ndim: usize, element: u64) -> Result<(), String> {
    let Some(lens) = lengths(chunk) else {
        return Err(format!("its chunks have the shape {chunk}, which is no list of lengths"));
    };
    if lens.len() != ndim || lens.contains(&0) {
        return Err(format!(
            "its chunks have the shape {lens:?}, but {ndim} lengths of at least 1 are needed"
        ));
    }
    let bytes = lens.iter().try_fold(element, |bytes, &len| bytes.checked_mul(len));
    if bytes.is_none_or(|bytes| bytes > LARGEST_CHUNK) {
        return Err(format!(
            "its chunks of shape {lens:?} have more than {LARGEST_CHUNK} bytes: write it in smaller ones"
        ));
    }
    Ok(())
}

/// Bytes of an element, as far as they can be seen; not more than can be allocated at once.
fn element_size(data_type: &Value) -> Result<u64, String> {
    let too_large = || format!("its elements of type {data_type} are larger than any are");
    let numbers: Vec<u64> = match data_type {
        // `<U12` and `r128` end with their size, `float64` and `int8` with something smaller.
        Value::String(text) => {
            let digits = text.trim_start_matches(|it: char| !it.is_ascii_digit());
            match digits.parse() {
                Ok(number) => vec![number],
                Err(_) if digits.bytes().filter(u8::is_ascii_digit).count() > 6 => {
                    return Err(too_large());
                }
                Err(_) => vec![],
            }
        }
        Value::Object(parts) => {
            let parts = parts.get("configuration").and_then(Value::as_object);
            parts.into_iter().flat_map(|parts| parts.values()).filter_map(Value::as_u64).collect()
        }
        _ => vec![],
    };
    let is_letters = |text: &str| text.contains('U');
    // A letter has four bytes.
    let letter = if data_type.as_str().is_some_and(is_letters) { 4 } else { 1 };
    let largest = numbers.into_iter().max().unwrap_or(1);
    if largest > LARGEST_ELEMENT {
        return Err(too_large());
    }
    Ok(match data_type.as_str() {
        Some("float64" | "int64" | "uint64") => 8,
        Some("float32" | "int32" | "uint32") => 4,
        Some("float16" | "int16" | "uint16") => 2,
        Some("int8" | "uint8" | "bool") => 1,
        _ => (largest * letter).max(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str, is_format_2: bool) -> String {
        check_text(text.as_bytes(), is_format_2).unwrap_err()
    }

    #[test]
    fn sizes_are_checked_before_anything_is_allocated() {
        let zarray = |dtype: &str, chunks: &str, rest: &str| {
            format!(r#"{{"shape": [4, 6], "chunks": {chunks}, "dtype": {dtype}{rest}}}"#)
        };
        let text = zarray("\"<u2\"", "[2, 3]", r#", "compressor": {"id": "zlib", "level": 1}"#);
        assert_eq!(check_text(text.as_bytes(), true), Ok(()));
        for (text, part) in [
            (zarray("\"<u2\"", "[4294967296, 4294967296]", ""), "more than 4294967296 bytes"),
            (zarray("\"<u2\"", "[0, 1]", ""), "at least 1"),
            (zarray("\"<u2\"", "[1]", ""), "2 lengths"),
            (zarray("\"<u2\"", "[-1, 1]", ""), "no list of lengths"),
            (zarray("\"<U999999999\"", "[1, 1]", ""), "larger than any"),
            (zarray("\"|V99999999999999999999999\"", "[1, 1]", ""), "larger than any"),
            (zarray("\"<u2\"", "[2, 3]", r#", "compressor": {"id": "lzma"}"#), "codec lzma is not"),
            (zarray("\"<u2\"", "[2, 3]", r#", "filters": [{"id": "categorize"}]"#), "categorize"),
        ] {
            assert!(reason(&text, true).contains(part), "{part}: {}", reason(&text, true));
        }
        assert!(reason("{\"shape\": [1", true).contains("damaged"));
        assert!(reason(&"[".repeat(100_000), true).contains("damaged"));
        assert!(reason("{}", false).contains("shape"));
        let shards = |inner: &str| {
            format!(
                r#"{{"shape": [4], "data_type": "uint8", "chunk_grid": {{"name": "regular",
                "configuration": {{"chunk_shape": [8589934592]}}}}, "codecs": [{{"name":
                "sharding_indexed", "configuration": {{"chunk_shape": {inner}, "codecs":
                [{{"name": "numcodecs.lzma"}}], "index_codecs": ["bytes"]}}}}]}}"#
            )
        };
        assert!(reason(&shards("[1]"), false).contains("too many chunks"));
        assert!(reason(&shards("[0]"), false).contains("at least 1"));
        assert!(reason(&shards("[8589934592]"), false).contains("more than"));
        assert!(reason(&shards("[1048576]"), false).contains("codec numcodecs.lzma is not"));
    }
}
