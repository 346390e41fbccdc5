//! A good neighbour: maps in processes work in programs with habits of all kinds, and change
//! nothing of theirs. Each case is a run of the program `neighbour`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use pasha_tests::with_default_signals;
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a case may say nothing, or not end, before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running case, in a process group of its own; it ends with this value.
pub(crate) struct Neighbour {
    arguments: Vec<String>,
    child: Child,
    /// Lines of its standard output; ends when no process has it open any more.
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// What was read of it.
    said: Vec<String>,
}

/// What a case that has ended had said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

impl Neighbour {
    pub(crate) fn start(arguments: &[&str]) -> Neighbour {
        let mut child = with_default_signals(&mut Command::new(env!("CARGO_BIN_EXE_neighbour")))
            .args(arguments)
            .env("RUST_BACKTRACE", "0")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for read in stdout.lines().map_while(Result::ok) {
                let _ = line.send(read);
            }
        });
        let (text, errors) = channel();
        let mut stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut read = Vec::new();
            let _ = stderr.read_to_end(&mut read);
            let _ = text.send(String::from_utf8_lossy(&read).into_owned());
        });
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Neighbour { arguments, child, lines, errors, said: Vec::new() }
    }

    /// The number of its process, and of its process group.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The next line that it prints; `None` when it and all its workers have ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.said.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.give_up(),
        }
    }

    /// Waits until it and all its workers have ended.
    pub(crate) fn end(mut self) -> Said {
        while self.line().is_some() {}
        let Ok(errors) = self.errors.recv_timeout(PATIENCE) else { self.give_up() };
        let status = self.child.wait().unwrap();
        Said { status, lines: std::mem::take(&mut self.said), errors }
    }

    fn give_up(&mut self) -> ! {
        self.kill();
        let errors = self.errors.recv_timeout(PATIENCE).unwrap_or_default();
        let last = self.said.len().saturating_sub(50);
        let said = self.said.get(last..).unwrap_or_default();
        panic!("{:?} did not end; it said {said:#?} and {errors}", self.arguments)
    }

    fn kill(&self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // Once it is waited for, its number may be another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a case says, which has to end well.
pub(crate) fn said_by(arguments: &[&str]) -> Said {
    let said = Neighbour::start(arguments).end();
    assert!(said.status.success(), "{arguments:?} {said:#?}");
    said
}

/// Runs a case and compares what it prints, a line each; it says nothing else.
fn expect(arguments: &[&str], lines: &[&str]) {
    let said = said_by(arguments);
    assert_eq!(said.lines, lines, "{arguments:?} {}", said.errors);
    assert_eq!(said.errors, "", "{arguments:?}");
}

/// Whether the operating system remembers how a process ended whose end somebody else took note of.
fn remembers_ends() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 15),
        _ => false,
    }
}

const HABITS: [&str; 5] = ["default", "ignored", "no-wait", "handler", "thread"];

#[test]
fn deaths_are_told_exactly_whatever_the_program_does_about_its_children() {
    for habit in HABITS {
        let said = said_by(&["reaped", habit]);
        if habit != "default" && !remembers_ends() {
            println!("skipped: this Linux does not tell how processes ended ({habit})");
            continue;
        }
        let expected = [
            "segv: always died at 50, signal Some(11), status None",
            "kill: always died at 50, signal Some(9), status None",
            "usr1: always died at 50, signal Some(10), status None",
            "abort: always died at 50, signal Some(6), status None",
            "exit-0: always died at 50, signal None, status Some(0)",
            "exit-3: always died at 50, signal None, status Some(3)",
            "c-exit-4: always died at 50, signal None, status Some(4)",
            "panic: always panic at 50, \"as told\", located true",
            "error: always error at 50, \"as told\"",
        ];
        assert_eq!(said.lines, expected, "{habit}");
        assert_eq!(said.errors, "", "{habit}");
    }
}

#[test]
fn kernels_may_run_programs() {
    for habit in HABITS {
        // Where children are ignored nobody can wait for one, a worker no more than its parent.
        let told = match habit {
            "ignored" | "no-wait" => "error at N, \"No child processes (os error NN)\"",
            _ => "all ran true",
        };
        expect(&["commands", habit], &[told]);
    }
}

#[test]
fn nothing_is_printed_twice() {
    // What the kernel printed is lost where its worker dies; what the program printed never is,
    // nor is it there twice. Rust's own `exit` writes what Rust has printed.
    for (how, kernel, told) in [
        ("nothing", " kernel kernel-in-c", "no error"),
        ("error", " kernel kernel-in-c", "error at 0, \"as told\""),
        ("panic", " kernel kernel-in-c", "panic at 0, \"as told\", located true"),
        ("exit-0", " kernel", "died at 0, signal None, status Some(0)"),
        ("exit-3", " kernel", "died at 0, signal None, status Some(3)"),
        ("c-exit-4", "", "died at 0, signal None, status Some(4)"),
        ("abort", "", "died at 0, signal Some(6), status None"),
        ("segv", "", "died at 0, signal Some(11), status None"),
        ("kill", "", "died at 0, signal Some(9), status None"),
    ] {
        expect(&["printed", how], &[&format!("rust c{kernel} again again-in-c"), told, "end"]);
    }
}

#[test]
fn what_kernels_print_is_there_once() {
    let said = said_by(&["printed-by-kernels"]);
    let mut times = BTreeMap::new();
    for line in said.lines {
        *times.entry(line).or_insert(0) += 1;
    }
    let mut expected = BTreeMap::from([("kernel in C".to_owned(), 200)]);
    for round in 0..50 {
        expected.insert(format!("program {round}, in C too"), 1);
        expected.extend((0..4).map(|index| (format!("kernel {round}.{index}"), 1)));
    }
    assert_eq!(times, expected);
}

#[test]
fn kernels_print_while_the_caller_holds_the_locks() {
    let said = said_by(&["printed-under-a-lock"]);
    let mut lines = said.lines.join("\n");
    // The program's part of a line was written before the first worker started.
    assert!(lines.starts_with("program, kernel "), "{lines}");
    lines.drain(.."program, ".len());
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["end", "kernel 0", "kernel 1", "kernel 2", "kernel 3"]);
    let mut errors: Vec<&str> = said.errors.lines().collect();
    errors.sort_unstable();
    assert_eq!(errors, ["end", "kernel", "kernel", "kernel", "kernel"]);
}

#[test]
fn kernels_print_while_a_thread_holds_the_locks_again_and_again() {
    let said = said_by(&["printed-under-both-locks"]);
    assert_eq!(said.lines, vec!["kernel"; 400]);
    let (kernels, others): (Vec<&str>, Vec<&str>) =
        said.errors.lines().partition(|line| *line == "kernel");
    assert_eq!(kernels.len(), 400);
    assert!(others.iter().all(|line| *line == "thread"));
}

#[test]
fn no_destructor_and_no_exit_handler_of_the_program_runs_in_a_worker() {
    for how in ["nothing", "error", "panic", "exit-3", "c-exit-4", "abort", "kill"] {
        let said = said_by(&["leaving", how]);
        let mut ran: Vec<&str> = said.errors.lines().collect();
        if how.contains("exit") {
            // The C library begins with the destructors of thread-locals of the thread that leaves.
            ran.retain(|line| !(line.starts_with("thread-local") && line.ends_with(": child")));
        }
        let expected = [
            "thread-local of a thread that maps: parent",
            "value on the stack: parent",
            "thread-local of main: parent",
            "handler registered after it: parent",
            "handler registered before the first map: parent",
        ];
        assert_eq!(ran, expected, "{how}");
    }
}

#[test]
fn what_the_program_has_not_written_yet_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unwritten");
    expect(&["unwritten", path.to_str().unwrap()], &[]);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, "nothing panic exit-3 c-exit-4 abort kill error ");
}

#[test]
fn the_panic_hook_gets_the_panics_of_the_program_alone() {
    expect(&["hook-before"], &[]);
}

#[test]
fn a_panic_that_the_kernel_caught_is_not_taken_for_the_cause_of_its_death() {
    expect(&["caught-before-death"], &["died at 50, signal Some(6), status None"]);
}

#[test]
fn a_panic_hook_may_be_set_later() {
    expect(&["hook-after"], &[]);
    expect(&["hook-after-handing-on"], &[]);
}

#[test]
fn files_stay_open_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    expect(&["files", folder.path().join("file").to_str().unwrap()], &[]);
    expect(&["closed-stdin"], &[]);
}

#[test]
fn no_file_gets_the_number_of_a_standard_stream() {
    let folder = tempfile::tempdir().unwrap();
    expect(&["closed-streams", folder.path().to_str().unwrap()], &[]);
    assert_eq!(std::fs::read_to_string(folder.path().join("told")).unwrap(), "well");
}

#[test]
fn thousands_of_forks_among_busy_threads() {
    const MAPS: usize = 2000;
    let said = said_by(&["crowd", &MAPS.to_string()]);
    let (last, lines) = said.lines.split_last().unwrap();
    let of = |whose: &str| lines.iter().filter(|line| line.starts_with(whose)).count();
    let (kernels, others) = (of("kernel "), of("noise "));
    assert_eq!(kernels + others, lines.len());
    let panics = MAPS / 10;
    let told = format!("{MAPS} maps, {panics} panics, {kernels} lines of kernels, {others} others");
    assert_eq!(*last, told);
    println!("{told}");
    // No panic of a kernel is among those that were printed.
    assert!(said.errors.contains("noise ") && !said.errors.contains("as told"));
}

#[test]
fn threads_may_begin_and_end_while_workers_are_forked() {
    expect(&["short-threads", "500"], &[]);
}

#[test]
fn threads_of_kernels_may_panic_whatever_the_program_does() {
    expect(&["panicking-threads", "300"], &[]);
}

#[test]
fn kernels_may_have_threads() {
    let said = said_by(&["threads-in-kernels"]);
    let (last, lines) = said.lines.split_last().unwrap();
    let mut times = BTreeMap::new();
    for line in lines {
        *times.entry(line.as_str()).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 12);
    assert!(times.values().all(|&times| times == 20), "{times:?}");
    assert!(last.starts_with("panic at 0"), "{last}");
}

#[test]
fn threads_of_the_program_map_at_once() {
    expect(
        &["maps-at-once"],
        &[
            "no error",
            "panic at 50, \"as told\", located true",
            "died at 50, signal None, status Some(3)",
            "died at 50, signal Some(9), status None",
            "error at 50, \"as told\"",
        ],
    );
}

#[test]
fn handlers_of_signals_run_in_the_program_alone() {
    expect(&["handlers"], &[]);
    expect(&["asked-to-end"], &[]);
}

#[test]
fn signals_interrupt_nothing() {
    expect(&["storm"], &[]);
}

#[test]
fn blocked_signals_stay_as_they_were() {
    expect(&["masks"], &[]);
}
