//! Images as PNG: colours as they are, or values through a palette.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context as _;
use ndarray::ArrayView2;
use png::{BitDepth, ColorType, Encoder};

/// Writes an image of `(red, green, blue)` pixels, row 0 at the top.
///
/// # Errors
/// If the file can't be written.
pub fn write_rgb_png(path: &Path, pixels: ArrayView2<'_, [u8; 3]>) -> anyhow::Result<()> {
    let failed = || format!("can't write the picture {}", path.display());
    let (height, width) = pixels.dim();
    let file = BufWriter::new(File::create(path).with_context(failed)?);
    let mut encoder = Encoder::new(file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let bytes: Vec<u8> = pixels.iter().flatten().copied().collect();
    let mut writer = encoder.write_header().with_context(failed)?;
    writer.write_image_data(&bytes).with_context(failed)?;
    writer.finish().with_context(failed)
}

/// Encodes an image whose pixels are numbers of colours in a palette.
pub(super) fn encode_palette(
    pixels: ArrayView2<'_, u8>,
    palette: &[[u8; 3]],
) -> anyhow::Result<Vec<u8>> {
    let (height, width) = pixels.dim();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels.iter().copied().collect::<Vec<u8>>())?;
    writer.finish()?;
    Ok(file)
}
