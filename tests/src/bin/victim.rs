//! A program for tests to watch from outside: its maps fail, its workers die, and it says what it
//! got.
//!
//! Usage: `victim COMMAND [ARGUMENT]`; see `main`.

use std::process::ExitCode;

use pasha::{AnyContext, Cause, Context, Error, ProcessContext};

/// Says in which process each item ran, and how many workers the context has.
#[pasha::kernel]
fn where_am_i(_value: u8, #[per_worker] calls: &mut u8) -> u32 {
    *calls = 1;
    std::process::id()
}

/// Does at index 50 what it is told.
#[pasha::kernel]
fn misbehave(value: usize, #[shared] how: &str, #[output] done: &mut bool) -> usize {
    if value == 50 {
        die(how);
    }
    *done = true;
    value
}

fn die(how: &str) {
    match how {
        "abort" => std::process::abort(),
        "exit-0" => std::process::exit(0),
        "exit-3" => std::process::exit(3),
        "overflow" => {
            std::hint::black_box(overflow(0));
        }
        "panic" => panic!("as told"),
        "panic-payload" => std::panic::panic_any(42),
        "segv" | "kill" | "bus" | "term" => {
            let signal = match how {
                "segv" => rustix::process::Signal::SEGV,
                "kill" => rustix::process::Signal::KILL,
                "bus" => rustix::process::Signal::BUS,
                _ => rustix::process::Signal::TERM,
            };
            // Again and again: the standard library's own handler of SIGSEGV and SIGBUS, which
            // looks for stack overflows, takes the first for a mistake and uninstalls itself.
            loop {
                let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            }
        }
        other => panic!("unknown way to die: {other}"),
    }
}

/// Uses up the stack.
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 1024]);
    if depth == u64::MAX { frame[0] } else { overflow(depth + 1) + frame[1] }
}

fn print_default_context() -> Result<(), Error> {
    let out = where_am_i::run_parallel(&[0; 100])?;
    let forked = out.result.iter().all(|&id| id != std::process::id());
    println!("forked {forked}, workers {}", out.calls.len());
    Ok(())
}

/// Maps over 1,000 items of which the 50th ends its worker, and says what came of it.
fn death(context: &dyn Context, how: &str) -> Result<(), Error> {
    // What the allocator and the unwinder keep after their first use is not this map's.
    let _ = misbehave::run_in(context, 0..100_usize, "panic");
    let files_and_maps = pasha_tests::open_files_and_mappings();
    let mut out = misbehave::alloc(context, 0..1000_usize, how)?;
    let error = match misbehave::run_into(context, 0..1000_usize, how, &mut out) {
        Ok(()) => {
            println!("no error");
            return Ok(());
        }
        Err(error) => error,
    };
    match pasha_tests::at_item(&error) {
        (index, Cause::Died { signal, status, .. }) => {
            println!("died index {index} signal {signal:?} status {status:?}");
        }
        (index, Cause::Panic { message, location, .. }) => {
            println!("panic index {index} message {message:?} located {}", location.is_some());
        }
        _ => println!("other {error:?}"),
    }
    // What was finished is there, and nothing is half done.
    let consistent =
        out.done.iter().zip(&out.result).enumerate().all(|(index, (&done, &result))| {
            if done && index != 50 { result == index } else { result == 0 }
        });
    println!("finished items kept {consistent}, this one not {}", !out.done[50]);
    println!("children left {}", pasha_tests::children().len());
    drop(out);
    let after = pasha_tests::open_files_and_mappings();
    println!("files and mappings as before {}", after == files_and_maps);
    // The program goes on as if nothing had been.
    let sum = pasha::map_in(context, 0..100_u64, |_, _, n| n)?.sum();
    println!("next map {sum}");
    Ok(())
}

/// Starts a map that never ends, and says the number of each worker's process.
fn endless(context: &dyn Context) -> Result<(), Error> {
    pasha::map_in(context, 0..context.num_workers(), |_, _, _| {
        println!("worker {}", std::process::id());
        loop {
            nix::unistd::pause();
        }
    })
    .map(|_: pasha::SharedArray<(), _>| ())
}

/// Runs maps and says by how much open files, mappings and children have grown.
fn leaks(context: &dyn Context) -> Result<(), Error> {
    let run = || {
        let out = where_am_i::run_in(context, &[0; 100])?;
        let failed = misbehave::run_in(context, 0..100_usize, "panic");
        drop((out, failed));
        Ok::<_, Error>(pasha_tests::open_files_and_mappings())
    };
    for _ in 0..20 {
        run()?;
    }
    let before = run()?;
    for _ in 0..200 {
        run()?;
    }
    let after = run()?;
    println!("files {}", after.0 as i64 - before.0 as i64);
    println!("mappings {}", after.1 as i64 - before.1 as i64);
    println!("children {}", pasha_tests::children().len());
    Ok(())
}

fn run() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let two_processes = ProcessContext::new(2)?;
    match arguments[..] {
        ["default-context"] => print_default_context(),
        ["set-default-context", context] => {
            pasha::set_default_context(context.parse::<AnyContext>()?);
            print_default_context()
        }
        ["death", how] => death(&two_processes, how),
        ["death", context, how] => death(&*context.parse::<AnyContext>()?, how),
        ["endless"] => endless(&two_processes),
        ["leaks", context] => leaks(&*context.parse::<AnyContext>()?),
        _ => panic!("unknown command {arguments:?}"),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
