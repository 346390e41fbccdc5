//! Codecs of numcodecs that the `zarrs` crate does not have: LZ4, and differences (`delta`).
//!
//! They are only read. Their formats are those of numcodecs 0.16 (`numcodecs/lz4.pyx`,
//! `numcodecs/delta.py`), which has them in stores of format 2, and as `numcodecs.lz4` and
//! `numcodecs.delta` in format 3.

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

use zarrs::array::codec::api::{
    CodecPluginV2, CodecPluginV3, CodecTraits, CodecTraitsV2, CodecTraitsV3,
    PartialDecoderCapability, PartialEncoderCapability,
};
use zarrs::array::{
    ArrayBytes, ArrayBytesRaw, ArrayCodecTraits, ArrayPartialDecoderTraits, ArraySubset,
    ArrayToArrayCodecTraits, BytesRepresentation, BytesToBytesCodecTraits, Codec, CodecError,
    CodecMetadataOptions, CodecOptions, DataType, FillValue, Indexer, RecommendedConcurrency,
    data_type,
};
use zarrs::metadata::Configuration;
use zarrs::metadata::v2::MetadataV2;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::{PluginCreateError, ZarrVersion, impl_extension_aliases};
use zarrs::storage::StorageError;

const NOT_WRITTEN: &str = "this codec is only read";

/// One block of LZ4 after its size as a little-endian number of four bytes.
#[derive(Debug)]
struct Lz4 {
    configuration: Configuration,
}

impl_extension_aliases!(Lz4, v3: "numcodecs.lz4", ["lz4"], v2: "lz4", []);

/// The first element, and of the others the difference to the one before.
#[derive(Debug)]
struct Delta {
    configuration: Configuration,
    /// The elements of the array, and of what is stored.
    types: [DeltaElement; 2],
}

impl_extension_aliases!(Delta, v3: "numcodecs.delta", [], v2: "delta", []);

inventory::submit! { CodecPluginV2::new::<Lz4>() }
inventory::submit! { CodecPluginV3::new::<Lz4>() }
inventory::submit! { CodecPluginV2::new::<Delta>() }
inventory::submit! { CodecPluginV3::new::<Delta>() }

impl CodecTraitsV2 for Lz4 {
    fn create(metadata: &MetadataV2) -> Result<Codec, PluginCreateError> {
        Ok(Lz4::codec(metadata.configuration().clone()))
    }
}

impl CodecTraitsV3 for Lz4 {
    fn create(metadata: &MetadataV3) -> Result<Codec, PluginCreateError> {
        Ok(Lz4::codec(metadata.configuration().cloned().unwrap_or_default()))
    }
}

impl Lz4 {
    fn gives_parts(&self) -> bool {
        false
    }

    fn codec(configuration: Configuration) -> Codec {
        Codec::BytesToBytes(Arc::new(Lz4 { configuration }))
    }
}

macro_rules! read_whole_chunks {
    ($($codec:ident)+) => {$(
        impl CodecTraits for $codec {
            fn as_any(&self) -> &dyn Any {
                self
            }

            fn configuration(
                &self,
                _version: ZarrVersion,
                _options: &CodecMetadataOptions,
            ) -> Option<Configuration> {
                Some(self.configuration.clone())
            }

            fn partial_decoder_capability(&self) -> PartialDecoderCapability {
                PartialDecoderCapability { partial_read: false, partial_decode: self.gives_parts() }
            }

            fn partial_encoder_capability(&self) -> PartialEncoderCapability {
                PartialEncoderCapability { partial_encode: false }
            }
        }
    )+};
}
read_whole_chunks!(Lz4 Delta);

impl BytesToBytesCodecTraits for Lz4 {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(
        &self,
        _decoded: &BytesRepresentation,
    ) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }

    fn encoded_representation(&self, _decoded: &BytesRepresentation) -> BytesRepresentation {
        BytesRepresentation::UnboundedSize
    }

    fn encode<'a>(
        &self,
        _decoded: ArrayBytesRaw<'a>,
        _options: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        Err(CodecError::Other(NOT_WRITTEN.to_owned()))
    }

    fn decode<'a>(
        &self,
        encoded: ArrayBytesRaw<'a>,
        decoded: &BytesRepresentation,
        _options: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        decompress(&encoded, decoded.size())
            .map(Into::into)
            .map_err(|reason| CodecError::Other(format!("LZ4: {reason}")))
    }
}

/// What a chunk holds, which has at most so many bytes.
fn decompress(chunk: &[u8], most: Option<u64>) -> Result<Vec<u8>, String> {
    let (size, block) = chunk.split_first_chunk().ok_or("there is no size")?;
    let size = u32::from_le_bytes(*size) as usize;
    // A byte of a block stands for 255 bytes at most.
    let possible = most.is_none_or(|most| size as u64 <= most) && size / 255 <= block.len();
    if !possible {
        return Err(format!("a block of {} bytes can't hold {size} bytes", block.len()));
    }
    let whole = lz4_flex::block::decompress(block, size).map_err(|error| error.to_string())?;
    if whole.len() != size {
        return Err(format!("a block holds {} bytes instead of {size}", whole.len()));
    }
    Ok(whole)
}

/// A type of elements that differences are stored of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum DeltaElement {
    Integer { bytes: usize, signed: bool },
    F32,
    F64,
}

impl DeltaElement {
    /// From a description such as NumPy's `<u2`.
    fn parse(text: &str) -> Option<Self> {
        let kind = text.trim_start_matches(['<', '>', '|', '=']);
        Some(match kind {
            "f4" | "float32" => DeltaElement::F32,
            "f8" | "float64" => DeltaElement::F64,
            _ => {
                let signed = kind.starts_with('i');
                let bytes = match kind {
                    "u1" | "i1" | "uint8" | "int8" => 1,
                    "u2" | "i2" | "uint16" | "int16" => 2,
                    "u4" | "i4" | "uint32" | "int32" => 4,
                    "u8" | "i8" | "uint64" | "int64" => 8,
                    _ => return None,
                };
                DeltaElement::Integer { bytes, signed }
            }
        })
    }

    fn data_type(self) -> DataType {
        match self {
            DeltaElement::F32 => data_type::float32(),
            DeltaElement::F64 => data_type::float64(),
            DeltaElement::Integer { bytes: 1, signed: false } => data_type::uint8(),
            DeltaElement::Integer { bytes: 2, signed: false } => data_type::uint16(),
            DeltaElement::Integer { bytes: 4, signed: false } => data_type::uint32(),
            DeltaElement::Integer { signed: false, .. } => data_type::uint64(),
            DeltaElement::Integer { bytes: 1, signed: true } => data_type::int8(),
            DeltaElement::Integer { bytes: 2, signed: true } => data_type::int16(),
            DeltaElement::Integer { bytes: 4, signed: true } => data_type::int32(),
            DeltaElement::Integer { signed: true, .. } => data_type::int64(),
        }
    }

    /// The sums of differences of this type, as elements of another.
    fn sums(self, differences: &[u8], of: DeltaElement) -> Option<Vec<u8>> {
        match (self, of) {
            (DeltaElement::F32, DeltaElement::F32) => {
                let mut sum = 0.0;
                Some(
                    differences
                        .as_chunks()
                        .0
                        .iter()
                        .flat_map(|&bytes| {
                            sum += f32::from_ne_bytes(bytes);
                            sum.to_ne_bytes()
                        })
                        .collect(),
                )
            }
            (DeltaElement::F64, DeltaElement::F64) => {
                let mut sum = 0.0;
                Some(
                    differences
                        .as_chunks()
                        .0
                        .iter()
                        .flat_map(|&bytes| {
                            sum += f64::from_ne_bytes(bytes);
                            sum.to_ne_bytes()
                        })
                        .collect(),
                )
            }
            (
                DeltaElement::Integer { bytes: width, signed },
                DeltaElement::Integer { bytes, .. },
            ) => {
                let mut sum = 0_u64;
                let mut sums = Vec::with_capacity(differences.len() / width * bytes);
                for difference in differences.chunks_exact(width) {
                    let mut wide = [0; 8];
                    for (at, &byte) in difference.iter().enumerate() {
                        // Of the number in the machine's byte order, the lowest byte first.
                        wide[if cfg!(target_endian = "little") { at } else { width - 1 - at }] =
                            byte;
                    }
                    if signed && wide[width - 1] >= 0x80 {
                        wide[width..].fill(0xff);
                    }
                    // Sums wrap around, as NumPy's do.
                    sum = sum.wrapping_add(u64::from_le_bytes(wide));
                    let mut sum = sum.to_le_bytes();
                    if cfg!(target_endian = "big") {
                        sum[..bytes].reverse();
                    }
                    sums.extend_from_slice(&sum[..bytes]);
                }
                Some(sums)
            }
            _ => None,
        }
    }
}

impl CodecTraitsV2 for Delta {
    fn create(metadata: &MetadataV2) -> Result<Codec, PluginCreateError> {
        Delta::codec(metadata.configuration().clone())
    }
}

impl CodecTraitsV3 for Delta {
    fn create(metadata: &MetadataV3) -> Result<Codec, PluginCreateError> {
        Delta::codec(metadata.configuration().cloned().unwrap_or_default())
    }
}

impl Delta {
    /// Of differences, `Whole` gives parts. Between elements of two sizes, zarrs 0.23 has the sizes
    /// confused in parts of chunks, and between other orders of axes in what it caches whole.
    fn gives_parts(&self) -> bool {
        self.types[0] == self.types[1]
    }

    fn codec(configuration: Configuration) -> Result<Codec, PluginCreateError> {
        let text = |name: &str| configuration.get(name).and_then(|it| it.as_str());
        let of = text("dtype").unwrap_or_default();
        let types = [of, text("astype").unwrap_or(of)];
        let parsed = types.map(DeltaElement::parse);
        let fit = matches!(
            parsed,
            [Some(DeltaElement::Integer { .. }), Some(DeltaElement::Integer { .. })]
                | [Some(DeltaElement::F32), Some(DeltaElement::F32)]
                | [Some(DeltaElement::F64), Some(DeltaElement::F64)]
        );
        let [Some(first), Some(second)] = parsed else {
            return Err(PluginCreateError::Other(format!("delta of the types {types:?}")));
        };
        if !fit {
            return Err(PluginCreateError::Other(format!("delta of the types {types:?}")));
        }
        Ok(Codec::ArrayToArray(Arc::new(Delta { configuration, types: [first, second] })))
    }
}

impl ArrayCodecTraits for Delta {
    fn recommended_concurrency(
        &self,
        _shape: &[NonZeroU64],
        _data_type: &DataType,
    ) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }
}

impl ArrayToArrayCodecTraits for Delta {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn ArrayToArrayCodecTraits> {
        self
    }

    fn encoded_data_type(&self, decoded: &DataType) -> Result<DataType, CodecError> {
        let [of, stored] = self.types;
        if *decoded != of.data_type() {
            return Err(CodecError::UnsupportedDataType(decoded.clone(), "delta".to_owned()));
        }
        Ok(stored.data_type())
    }

    fn encoded_fill_value(
        &self,
        _decoded: &DataType,
        _fill: &FillValue,
    ) -> Result<FillValue, CodecError> {
        // Chunks that are not stored are filled after decoding; this is not looked at.
        let size = self.types[1].data_type().fixed_size().unwrap_or(1);
        Ok(FillValue::new(vec![0; size]))
    }

    fn partial_decoder(
        self: Arc<Self>,
        input: Arc<dyn ArrayPartialDecoderTraits>,
        shape: &[NonZeroU64],
        data_type: &DataType,
        fill_value: &FillValue,
        options: &CodecOptions,
    ) -> Result<Arc<dyn ArrayPartialDecoderTraits>, CodecError> {
        let exists = input.exists()?;
        let lens: Vec<u64> = shape.iter().map(|len| len.get()).collect();
        let bytes = if exists {
            let all = ArraySubset::new_with_shape(lens.clone());
            let differences = input.partial_decode(&all, options)?.into_owned();
            self.decode(differences, shape, data_type, fill_value, options)?
        } else {
            ArrayBytes::new_fill_value(data_type, lens.iter().product(), fill_value)?
        };
        let data_type = data_type.clone();
        Ok(Arc::new(Whole { bytes, shape: lens, data_type, exists }))
    }

    fn encode<'a>(
        &self,
        _bytes: ArrayBytes<'a>,
        _shape: &[NonZeroU64],
        _data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        Err(CodecError::Other(NOT_WRITTEN.to_owned()))
    }

    fn decode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        _shape: &[NonZeroU64],
        _data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        let [of, stored] = self.types;
        let sums = stored.sums(&bytes.into_fixed()?, of);
        let sums = sums.ok_or_else(|| CodecError::Other("delta of mixed types".to_owned()))?;
        Ok(ArrayBytes::new_flen(sums))
    }
}

/// A chunk of which all has been decoded: sums need all differences before them.
struct Whole {
    bytes: ArrayBytes<'static>,
    shape: Vec<u64>,
    data_type: DataType,
    exists: bool,
}

impl ArrayPartialDecoderTraits for Whole {
    fn data_type(&self) -> &DataType {
        &self.data_type
    }

    fn exists(&self) -> Result<bool, StorageError> {
        Ok(self.exists)
    }

    fn size_held(&self) -> usize {
        self.bytes.size()
    }

    fn partial_decode(
        &self,
        indexer: &dyn Indexer,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'_>, CodecError> {
        self.bytes.extract_array_subset(indexer, &self.shape, &self.data_type)
    }

    fn supports_partial_decode(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_blocks_are_errors_and_allocate_little() {
        assert!(decompress(&[1, 2, 3], None).is_err());
        // 4 GiB of five bytes.
        let message = decompress(&[255, 255, 255, 255, 0], None).unwrap_err();
        assert!(message.contains("4294967295 bytes"), "{message}");
        assert!(decompress(&[9, 0, 0, 0, 0x10, 7], Some(8)).is_err());
        assert!(decompress(&[2, 0, 0, 0, 0x10, 7], None).is_err());
        assert_eq!(decompress(&[1, 0, 0, 0, 0x10, 7], Some(1)), Ok(vec![7]));
    }

    #[test]
    fn sums_of_small_differences_are_wide_and_wrap() {
        let [i1, u2] = ["|i1", "<u2"].map(|text| DeltaElement::parse(text).unwrap());
        let sums = i1.sums(&[1, 2, 0xfd, 0xff], u2).unwrap();
        let sums: Vec<u16> = sums.as_chunks().0.iter().map(|&it| u16::from_ne_bytes(it)).collect();
        assert_eq!(sums, [1, 3, 0, u16::MAX]);
        assert_eq!(DeltaElement::parse("<c8"), None);
    }
}
