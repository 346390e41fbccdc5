//! What helps where workers can't be started.

use std::error::Error;
use std::io;

use rustix::io::Errno;

/// The way out where a limit of the user's or of the machine stands behind an error; otherwise the
/// error itself says what to do.
pub(super) fn advice(error: &(dyn Error + 'static)) -> &'static str {
    if is_limit(error) || error.source().is_some_and(is_limit) {
        "; take fewer workers, or allow this user more processes and open files (`ulimit -u`, \
         `ulimit -n`)"
    } else {
        ""
    }
}

/// Whether this is the operating system's word for a resource of which there is no more.
fn is_limit(error: &(dyn Error + 'static)) -> bool {
    let number = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    let limits = [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOSPC];
    number.is_some_and(|number| limits.map(Errno::raw_os_error).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn text(source: impl Into<crate::error::SourceError>) -> String {
        Error::Start { what: "a worker process".to_owned(), source: source.into() }.to_string()
    }

    #[test]
    fn fewer_workers_are_advised_where_a_limit_is_met_and_nowhere_else() {
        let full = text(io::Error::from(Errno::MFILE));
        assert!(full.contains("Too many open files"), "{full}");
        assert!(full.ends_with("(`ulimit -u`, `ulimit -n`)"), "{full}");
        assert_eq!(
            text("its memory is private"),
            "can't start a worker process: its memory is private"
        );
        let refused = text(io::Error::from(Errno::PERM));
        assert!(!refused.contains("fewer"), "{refused}");
    }
}
