//! What to do where a file can't be opened or made.

use std::env;
use std::io::{self, ErrorKind};
use std::path::Path;

/// What to do, as the end of a sentence; nothing where the reason says it.
pub(super) fn advice(path: &Path, reason: &io::Error) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match reason.kind() {
        ErrorKind::NotFound if path.as_os_str().is_empty() => {
            "; an empty path is that of no file, so give one".to_owned()
        }
        ErrorKind::NotFound => match folder.filter(|folder| !folder.exists()) {
            Some(folder) => format!(
                "; there is no folder {}: make it, or correct the path{}",
                folder.display(),
                beginning(path)
            ),
            None => beginning(path),
        },
        _ => String::new(),
    }
}

/// Where a path begins that does not say it.
fn beginning(path: &Path) -> String {
    match env::current_dir() {
        Ok(folder) if path.is_relative() => {
            format!(", which begins in the working directory {}", folder.display())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_is_missing_is_named() {
        let reason = io::Error::from(ErrorKind::NotFound);
        let told = advice(Path::new("/nowhere/at/all.npy"), &reason);
        assert_eq!(told, "; there is no folder /nowhere/at: make it, or correct the path");
        assert!(advice(Path::new("all.npy"), &reason).contains("the working directory /"));
        assert!(advice(Path::new(""), &reason).contains("give one"));
        assert_eq!(advice(Path::new("/all.npy"), &reason), "");
        assert_eq!(advice(Path::new("all.npy"), &ErrorKind::PermissionDenied.into()), "");
    }
}
