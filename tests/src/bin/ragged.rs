//! A map with ragged outputs, to be killed and run again: `ragged CONTEXT WORKERS LEN [FAILING
//! THEN]` in the folder of its files; `durable-CONTEXT` for a durable job. `FAILING` is an index
//! that fails, and `THEN` what then: `abort`, `skip` or `retry`. What comes of the outputs is
//! written into `ragged.bin`. Where there is a folder `files`, the ragged outputs lie in there.

use std::path::Path;
use std::process::ExitCode;

use ndarray::prelude::*;
use pasha::prelude::*;
use pasha::{Error, Ragged, RaggedArray};
use pasha_tests::jobs::run_job;
use pasha_tests::nanoseconds;

/// Some tens of microseconds of work for each item.
#[pasha::kernel]
fn spread(
    value: u64,
    #[shared] failing: Option<u64>,
    #[output(ragged)] pushed: &mut Ragged<u64>,
    #[output(ragged = value % 5)] mut of_length: ArrayViewMut1<f32>,
    #[reduce(sum)] total: &mut u64,
    #[output] result: &mut u64,
) -> Result<(), &'static str> {
    pushed.extend((0..value % 7).map(|step| value + step));
    of_length.fill(value as f32);
    *total += value;
    *result = value * value;
    let begun = nanoseconds();
    while nanoseconds() < begun + 40_000 {
        std::hint::spin_loop();
    }
    if failing == Some(value) { Err("told to") } else { Ok(()) }
}

fn bytes_of<A: Copy, const N: usize>(array: &RaggedArray<A>, of: fn(A) -> [u8; N]) -> Vec<u8> {
    let offsets =
        array.offsets().iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<_>>();
    let values = array.values().iter().flat_map(|&value| of(value)).collect::<Vec<_>>();
    [offsets, values].concat()
}

fn run(context: &dyn Context, len: u64, failing: Option<u64>) -> Result<(), Error> {
    let result = context.alloc::<u64>(len as usize).file("result.npy").build()?;
    let mut out = spread::alloc(context, 0..len, failing)?;
    out.result = result;
    if Path::new("files").exists() {
        let pushed = context.alloc_ragged(len as usize);
        out.pushed = pushed.files("files/pushed.npy", "files/pushed_offsets.npy").build()?;
        let of_length = context.alloc_ragged(len as usize);
        out.of_length = of_length.files("files/of_length.npy", "files/offsets.npy").build()?;
    }
    let report = spread::run_report_into(context, 0..len, failing, &mut out)?;
    let pushed = bytes_of(&out.pushed, u64::to_le_bytes);
    let of_length = bytes_of(&out.of_length, f32::to_le_bytes);
    let all = [pushed, of_length, out.total.to_le_bytes().to_vec()].concat();
    std::fs::write("ragged.bin", all).expect("a file");
    let failed = report.failed.len();
    println!("resumed {} finished {} failed {failed}", report.resumed, report.finished);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run_job(&arguments, run)
}
