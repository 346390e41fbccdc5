//! The group of all processes that MPI's launcher has started.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::agree::Facts;
use super::link::Link;
use super::members::Group;
use super::mpi::{MpiLink, is_launched};
use crate::error::{Error, Result};

/// How long a rank may be silent before it is taken for lost.
const LONGEST_SILENCE: Duration = Duration::from_secs(6);

/// The group of all processes that MPI's launcher has started; none if there is no other. It is
/// made once, and kept until the process exits.
///
/// # Errors
/// [`Error::Start`] if MPI can't be used; [`Error::RanksDiffer`] if another program, or other
/// arguments, were started elsewhere; [`Error::Argument`] in a process that a rank has forked.
pub(crate) fn of_launcher() -> Result<Option<Arc<Group>>> {
    let mut launched = LAUNCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(group) = &*launched {
        group.as_ref().map_or(Ok(()), |group| group.check_process())?;
        return Ok(group.clone());
    }
    let failed = |reason: String| Error::Start {
        what: "the communication with other ranks".to_owned(),
        source: reason.into(),
    };
    let mut group = None;
    if is_launched().map_err(failed)? {
        let link = MpiLink::start(leave_all).map_err(failed)?;
        if link.size() > 1 {
            let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
            group = Some(Group::join(Box::new(link), &host, &program(), LONGEST_SILENCE)?);
        }
    }
    *launched = Some(group.clone());
    Ok(group)
}

static LAUNCHED: Mutex<Option<Option<Arc<Group>>>> = Mutex::new(None);

/// What has to be the same of the programs of all ranks.
fn program() -> Facts {
    let program = std::env::current_exe().unwrap_or_default();
    let bytes = std::fs::metadata(&program).map_or(0, |file| file.len());
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    vec![
        ("version of pasha".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("program".to_owned(), format!("{} of {bytes} bytes", program.display())),
        ("list of arguments".to_owned(), format!("{arguments:?}")),
    ]
}

/// Leaves the group of the launcher, at the exit of the process; `false` if a map is under way.
fn leave_all() -> bool {
    let Ok(launched) = LAUNCHED.try_lock() else { return false };
    let Some(Some(group)) = &*launched else { return true };
    for _ in 0..100 {
        if group.try_leave() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
