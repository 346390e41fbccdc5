//! A chunk of Blosc: a header, where each block starts, and the blocks, each in one or several
//! streams.

use super::codec::{Codecs, StreamCodec};
use super::steps::{BLOSC_1, Buffers, FilterStep};
use crate::hdf5::filters::bytes::{HeaderBytes, length};
use crate::hdf5::filters::wrong_size;

/// The last version of the format that is known here.
const NEWEST: u8 = 6;

/// The length of the header of Blosc 1, and of the longer one.
const HEADERS: [usize; 2] = [16, 32];

/// A chunk whose header has been checked.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    /// All of it.
    bytes: &'a [u8],
    /// What lies behind the header.
    body: &'a [u8],
    version: u8,
    /// Bytes of an element, not 0.
    element: usize,
    len: usize,
    /// Bytes of each block but the last, which may have fewer; not 0.
    block: usize,
    steps: Vec<FilterStep>,
    content: Content<'a>,
}

/// How the bytes of a chunk are there.
#[derive(Debug)]
enum Content<'a> {
    /// The bytes themselves.
    Plain(&'a [u8]),
    /// Nothing but this value, over and over.
    Repeated(Vec<u8>),
    /// Streams of this codec, one for each byte of an element if they are split.
    Streams { codec: StreamCodec, is_split: bool },
}

impl<'a> Chunk<'a> {
    /// Reads the header of the chunk that `stored` begins with.
    pub(super) fn new(stored: &'a [u8]) -> Result<Chunk<'a>, String> {
        let mut header = HeaderBytes::new(stored);
        let [version, _, flags, element] = header.array()?;
        let len = length(header.i32_le()?.into())?;
        let block = length(header.i32_le()?.into())?;
        let size = length(header.i32_le()?.into())?;
        if version == 0 || version > NEWEST {
            return Err(format!(
                "the chunk has version {version} of Blosc's format, of which 1 to {NEWEST} are known: it is damaged, or newer than this pasha"
            ));
        }
        if element == 0 || (block == 0 && len > 0) {
            return Err(format!(
                "the chunk says that its elements have {element} bytes and its blocks {block}: the file is damaged"
            ));
        }
        let is_extended = flags & 0b101 == 0b101;
        let [mut filters, mut details] = [[0; 6]; 2];
        let (mut more_flags, mut newest_flags) = (0, 0);
        if is_extended {
            filters = header.array()?;
            let _codec: [u8; 2] = header.array()?;
            details = header.array()?;
            [newest_flags, more_flags] = header.array()?;
        } else {
            // A byte shuffle comes before a bit shuffle, and a delta before both.
            filters[4] = if flags & 0b1000 != 0 { 3 } else { 0 };
            filters[5] = if flags & 0b100 != 0 { 2 } else { flags & 1 };
        }
        let header_len = HEADERS[usize::from(is_extended)];
        let bytes = stored.get(..size).filter(|bytes| bytes.len() >= header_len);
        let bytes = bytes.ok_or_else(|| {
            format!(
                "the chunk says that it has {size} bytes of {}: it is truncated or damaged",
                stored.len()
            )
        })?;
        let body = &bytes[header_len..];
        for (is_set, what) in [
            (more_flags & 1 != 0, "a dictionary"),
            (more_flags & 8 != 0, "a part that lies elsewhere"),
            (more_flags & 128 != 0, "measurements instead of data"),
            (newest_flags != 0, "blocks of different lengths"),
        ] {
            if is_set {
                return Err(format!(
                    "the chunk of Blosc2 has {what}, which pasha does not read; write it without"
                ));
            }
        }
        let element = usize::from(element);
        let content = match more_flags >> 4 & 7 {
            0 if flags & 2 != 0 => {
                Content::Plain(body.get(..len).ok_or_else(|| wrong_size(body.len(), len))?)
            }
            0 => {
                Content::Streams { codec: StreamCodec::new(flags >> 5)?, is_split: flags & 16 == 0 }
            }
            // Zeros, and bytes that nobody set.
            1 | 4 => Content::Repeated(vec![0]),
            2 => Content::Repeated(not_a_number(element)?),
            3 => Content::Repeated(body.to_vec()),
            other => {
                return Err(format!(
                    "the chunk has Blosc2's special value {other}, which is not known: it is damaged, or newer than this pasha"
                ));
            }
        };
        if let Content::Repeated(value) = &content
            && (value.is_empty() || !len.is_multiple_of(value.len()))
        {
            return Err(format!(
                "the chunk repeats a value of {} bytes over {len}: the file is damaged",
                value.len()
            ));
        }
        let steps = steps(filters, details, element)?;
        let block = if len > 0 { block.min(len) } else { 1 };
        Ok(Chunk { bytes, body, version, element, len, block, steps, content })
    }

    /// Bytes of the chunk once it is decompressed.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes of each block but the last.
    pub(super) fn block(&self) -> usize {
        self.block
    }

    /// Decompresses the chunk into `out`, which has its length.
    pub(super) fn decode(
        &self,
        out: &mut [u8],
        buffers: &mut Buffers,
        codecs: &mut Codecs<'_>,
    ) -> Result<(), String> {
        for (number, out) in out.chunks_mut(self.block).enumerate() {
            self.decode_block(number, out, buffers, codecs)?;
        }
        Ok(())
    }

    /// Decompresses a block into `out`, which has its length; the first one comes first.
    pub(super) fn decode_block(
        &self,
        number: usize,
        out: &mut [u8],
        buffers: &mut Buffers,
        codecs: &mut Codecs<'_>,
    ) -> Result<(), String> {
        match &self.content {
            Content::Plain(bytes) => {
                let start = number * self.block;
                out.copy_from_slice(&bytes[start..start + out.len()]);
                Ok(())
            }
            Content::Repeated(value) => {
                // A block need not have a whole number of elements.
                fill(out, value, number * self.block % value.len());
                Ok(())
            }
            &Content::Streams { codec, is_split } => {
                let is_split = is_split && out.len() == self.block && self.may_split();
                let start = self.start(number)?;
                let num_streams = if is_split { self.element } else { 1 };
                buffers.undo(&self.steps, self.version, number, out, |out| {
                    self.read_streams(start, num_streams, codec, out, codecs)
                })
            }
        }
    }

    /// Whether blocks of this chunk are split where its flags do not say that they are not.
    fn may_split(&self) -> bool {
        self.version > BLOSC_1 || (self.element <= 16 && self.block / self.element >= 128)
    }

    /// Where a block starts in the chunk.
    fn start(&self, number: usize) -> Result<usize, String> {
        let mut starts = HeaderBytes::new(self.body);
        starts.take(4 * number)?;
        length(starts.i32_le()?.into())
    }

    /// Decompresses the streams of a block.
    fn read_streams(
        &self,
        start: usize,
        num_streams: usize,
        codec: StreamCodec,
        out: &mut [u8],
        codecs: &mut Codecs<'_>,
    ) -> Result<(), String> {
        if !out.len().is_multiple_of(num_streams) {
            return Err(format!(
                "a block of {} bytes can't be in {num_streams} streams: the file is damaged",
                out.len()
            ));
        }
        let mut bytes = HeaderBytes::new(self.bytes.get(start..).unwrap_or(&[]));
        for out in out.chunks_mut((out.len() / num_streams).max(1)) {
            let size = bytes.i32_le()?;
            let is_run = size <= 0 && self.version > BLOSC_1;
            if is_run && size == 0 {
                out.fill(0);
            } else if is_run {
                let (token, value) = (bytes.byte()?, u8::try_from(size.unsigned_abs()));
                match value {
                    Ok(value) if token & 1 == 1 => out.fill(value),
                    _ => {
                        return Err(format!(
                            "a stream of the chunk has the length {size} and the token {token}: the file is damaged"
                        ));
                    }
                }
            } else {
                let stored = bytes.take(length(size.into())?)?;
                if stored.len() == out.len() {
                    out.copy_from_slice(stored);
                } else {
                    codecs.decompress(codec, stored, out)?;
                }
            }
        }
        Ok(())
    }
}

/// The filters of a chunk in the order of writing, without those that need not be undone.
fn steps(filters: [u8; 6], details: [u8; 6], element: usize) -> Result<Vec<FilterStep>, String> {
    let mut steps = Vec::new();
    for (filter, detail) in filters.into_iter().zip(details) {
        match filter {
            0 => {}
            // With a number of bytes that are shuffled together.
            1 => {
                let size = if detail == 0 { element } else { usize::from(detail) };
                if size > 1 {
                    steps.push(FilterStep::Shuffle(size));
                }
            }
            2 => steps.push(FilterStep::Bitshuffle(element)),
            3 => steps.push(FilterStep::Delta(element)),
            // Bits were set to zero, which is not undone.
            4 => {}
            other => {
                return Err(format!(
                    "the chunk has Blosc2's filter {other}, which pasha does not read (it reads shuffle, bitshuffle, delta and trunc_prec), or is damaged"
                ));
            }
        }
    }
    Ok(steps)
}

/// Repeats a value, which is not empty, from its byte `start` on.
pub(super) fn fill(out: &mut [u8], value: &[u8], start: usize) {
    if let &[byte] = value {
        out.fill(byte);
        return;
    }
    for (byte, &value) in out.iter_mut().zip(value.iter().cycle().skip(start)) {
        *byte = value;
    }
}

/// What Blosc2 repeats for numbers that are none.
pub(super) fn not_a_number(size: usize) -> Result<Vec<u8>, String> {
    match size {
        4 => Ok(f32::NAN.to_le_bytes().to_vec()),
        8 => Ok(f64::NAN.to_le_bytes().to_vec()),
        _ => Err(format!("the chunk repeats NaN in elements of {size} bytes: the file is damaged")),
    }
}
