//! Every train of every key on a line of its own, so that other programs can check what pasha
//! reads.

use std::io::{self, Write};

use bytemuck::{Pod, Zeroable};
use ndarray::IxDyn;
use pasha::Context;
use pasha::xfel::{KeyElement, Run, Train};

/// A hit of a delay-line detector, as the reaction microscope of the SQS instrument writes it.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, packed)]
pub struct Hit {
    /// Position along the first axis, in mm.
    pub x: f64,
    /// Position along the second axis, in mm.
    pub y: f64,
    /// Time of arrival, in ns.
    pub t: f64,
    /// How the hit was reconstructed.
    pub m: i32,
}
pasha::hdf5_record!(Hit { x: f64, y: f64, t: f64, m: i32 });

/// Elements with bytes that a checksum is made of.
pub trait Bytes: KeyElement {
    /// Adds the element's bytes: little-endian, or UTF-8 with a zero behind.
    fn add_to(&self, hasher: &mut crc32fast::Hasher);
}

macro_rules! bytes_of_numbers {
    ($($number:ty)+) => {$(
        impl Bytes for $number {
            fn add_to(&self, hasher: &mut crc32fast::Hasher) {
                hasher.update(&self.to_le_bytes());
            }
        }
    )+};
}
bytes_of_numbers!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

impl Bytes for bool {
    fn add_to(&self, hasher: &mut crc32fast::Hasher) {
        hasher.update(&[u8::from(*self)]);
    }
}

impl Bytes for Hit {
    fn add_to(&self, hasher: &mut crc32fast::Hasher) {
        let Hit { x, y, t, m } = *self;
        [x, y, t].iter().for_each(|number| number.add_to(hasher));
        m.add_to(hasher);
    }
}

impl Bytes for String {
    fn add_to(&self, hasher: &mut crc32fast::Hasher) {
        hasher.update(self.as_bytes());
        hasher.update(&[0]);
    }
}

/// Describes a train's data: 1 as a sign that the kernel was called, the number of axes, the length
/// of the first (-1 if there is none), and the CRC-32 of the elements.
#[pasha::kernel]
pub fn checksum<A: Bytes>(train: Train<'_, A, IxDyn>) -> [i64; 4] {
    let mut hasher = crc32fast::Hasher::new();
    train.data.iter().for_each(|element| element.add_to(&mut hasher));
    let length = train.data.shape().first().map_or(-1, |&length| length as i64);
    [1, train.data.ndim() as i64, length, i64::from(hasher.finalize())]
}

/// Writes a line for each key and train of a run: `source key index train_id ndim dim0 crc32`, with
/// tabs between and `-` for the last three where there are no data. Keys that hold neither numbers
/// nor texts nor [`Hit`]s are left out.
///
/// # Errors
/// If the run can't be read, or the lines can't be written.
pub fn write(run: &Run, context: &dyn Context, out: &mut dyn Write) -> anyhow::Result<()> {
    let sources = run.control_sources().into_iter().chain(run.instrument_sources());
    for source in sources {
        for key in run.keys(source)? {
            macro_rules! write_as {
                ($($name:literal $element:ty),+) => {
                    match run.key_info(source, key)?.element.as_str() {
                        $($name => write_key::<$element>(run, source, key, context, out)?,)+
                        _ => {}
                    }
                };
            }
            write_as!("u8" u8, "u16" u16, "u32" u32, "u64" u64, "i8" i8, "i16" i16, "i32" i32,
                      "i64" i64, "f32" f32, "f64" f64, "bool" bool, "String" String,
                      "{ x: f64, y: f64, t: f64, m: i32 }" Hit);
        }
    }
    Ok(())
}

fn write_key<A: Bytes>(
    run: &Run,
    source: &str,
    key: &str,
    context: &dyn Context,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let data = run.key::<A, IxDyn>(source, key)?;
    let seen = checksum::run_in(context, &data)?;
    for (index, (id, seen)) in data.train_ids().iter().zip(seen.rows()).enumerate() {
        let is_called = seen[0] == 1;
        let cells = [seen[1], seen[2], seen[3]].map(|number| match is_called {
            true => number.to_string(),
            false => "-".to_owned(),
        });
        let line = format!("{source}\t{key}\t{index}\t{id}\t{}", cells.join("\t"));
        writeln!(out, "{line}").or_else(ignore_closed)?;
    }
    Ok(())
}

/// Whoever reads the lines may have seen enough.
fn ignore_closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}
