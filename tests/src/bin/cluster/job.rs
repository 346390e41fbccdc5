//! A job that is ended and started again, and notes each item that it runs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pasha::prelude::*;
use pasha::{Error, MpiContext};

const LEN: u64 = 3000;

/// Notes the item, and takes some time.
#[pasha::kernel]
fn noted(
    value: u64,
    #[shared] log: &File,
    #[shared] pause: Duration,
    #[output] doubled: &mut u64,
) -> Result<(), String> {
    let mut log = log;
    log.write_all(format!("{value}\n").as_bytes()).map_err(|error| error.to_string())?;
    std::thread::sleep(pause);
    *doubled = 2 * value;
    Ok(())
}

/// Runs what is missing of the job in this folder.
pub(crate) fn run(folder: &str) -> ExitCode {
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder).expect("there is a folder");
    let log = OpenOptions::new().create(true).append(true).open(folder.join("items.log"));
    let log = log.expect("there is a log");
    let token = CancelToken::new();
    let context = MpiContext::new().expect("a context").cancel_token(&token);
    let context = context.resume(folder.join("job.pasha"));
    ctrlc::set_handler(move || token.cancel()).expect("signals are handled");
    let rank = context.rank();
    let pause = std::env::var("PAUSE_MS").map_or(10, |text| text.parse().expect("a number"));
    let pause = Duration::from_millis(pause);
    let doubled = context.alloc::<u64>(LEN as usize).file(folder.join("doubled.npy")).build();
    let mut doubled = doubled.expect("there is an output");
    match noted::run_report_into(&context, 0..LEN, &log, pause, &mut doubled) {
        Ok(report) => {
            assert!((0..LEN).all(|n| doubled[n as usize] == 2 * n));
            assert_eq!((report.failed.len(), report.retried, report.replaced), (0, 0, 0));
            println!("rank {rank} resumed {} finished {}", report.resumed, report.finished);
            ExitCode::SUCCESS
        }
        Err(Error::Cancelled { finished, len, .. }) => {
            println!("rank {rank} was asked to end: {finished} of {len}");
            ExitCode::from(75)
        }
        Err(error) => {
            println!("rank {rank} got: {error}");
            ExitCode::FAILURE
        }
    }
}
