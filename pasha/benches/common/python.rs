//! Python pasha, in a process of its own that answers requests.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use pasha::{Context, ProcessContext};

use super::detector::{self, Input, Way};
use super::duel::{Duel, timed};
use super::multiply::triple;
use super::{NUM_WORKERS, ramp, two_workers};

/// `peers/python_pasha.py`, running.
pub(super) struct Python {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts it with the Python of `PASHA_BENCH_PYTHON`, or `python3`.
    pub(super) fn start() -> Result<Python, String> {
        let script =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peers/python_pasha.py");
        let python = std::env::var_os("PASHA_BENCH_PYTHON").unwrap_or("python3".into());
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", python.display()))?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut python = Python { child, requests, answers };
        match python.answer().as_deref() {
            Ok("ready") => Ok(python),
            _ => {
                Err("there is no Python with pasha and NumPy here; tests/bench gets one".to_owned())
            }
        }
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        Ok(line.trim().to_owned())
    }

    /// Has it do something, and gives the time that this took there.
    pub(super) fn time_of(&mut self, request: &str) -> Duration {
        self.ask(request).expect("Python answers in seconds")
    }

    /// As [`time_of`](Self::time_of), where Python may lack what it takes.
    pub(super) fn ask(&mut self, request: &str) -> Result<Duration, String> {
        let mut requests = self.requests.as_ref().expect("it is open until the end");
        writeln!(requests, "{request}").map_err(|error| error.to_string())?;
        let answer = self.answer()?;
        let seconds = answer.parse().map_err(|_| format!("Python failed at {request:?}"))?;
        Ok(Duration::from_secs_f64(seconds))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}

/// The detector job.
pub(crate) fn detector(fresh: bool, way: Way) -> Result<Duel, String> {
    let mut python = Python::start()?;
    let input = Rc::new(Input::new(&ProcessContext::new(NUM_WORKERS).unwrap()));
    detector::check_ways(&input);
    let request = if fresh { "detector fresh" } else { "detector second" };
    Ok(Duel::new(detector::job(input, way, fresh), move || python.time_of(request)))
}

/// A kernel of one multiplication over 1e5 items, into an output that exists.
pub(crate) fn items(which: &'static str) -> Result<Duel, String> {
    let mut python = Python::start()?;
    let context = two_workers(which);
    let inp = ramp(&context as &dyn Context, 100_000);
    let out = RefCell::new(triple::alloc(&context, &inp).unwrap());
    let ours = move || timed(|| triple::run_into(&context, &inp, &mut out.borrow_mut()).unwrap());
    Ok(Duel::new(ours, move || python.time_of(&format!("items {which}"))))
}
