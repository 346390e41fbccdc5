//! What a path leads to, where a new file is to take its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::open::check;

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// The path of what a path leads to by links, whether or not something is there.
///
/// # Errors
/// That of the operating system for links that can't be followed, and one for what has no path, as
/// what `/dev/stdout` leads to may have none.
pub(crate) fn target(path: &Path) -> io::Result<PathBuf> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return missing_target(path),
        Err(error) => return Err(error),
    };
    fs::canonicalize(path).or_else(|_| {
        check(found.file_type())?;
        let told = "it leads to a file that has no path any more: give the path of a file";
        Err(io::Error::new(io::ErrorKind::InvalidInput, told))
    })
}

/// Where the last of some links points to, where nothing is.
fn missing_target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(Errno::LOOP.into())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_where_a_file_is_or_would_be() {
        let folder = std::env::temp_dir().join(format!("pasha-target-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = fs::canonicalize(folder).unwrap();
        let place = |name: &str| folder.join(name);
        let told = |name: &str| target(&place(name)).unwrap_err().to_string();
        fs::write(place("file"), "x").unwrap();
        symlink("file", place("link")).unwrap();
        symlink("link", place("second")).unwrap();
        symlink("nothing", place("dangling")).unwrap();
        symlink("circle", place("circle")).unwrap();
        assert_eq!(target(&place("second")).unwrap(), place("file"));
        assert_eq!(target(&place("dangling")).unwrap(), place("nothing"));
        assert_eq!(target(&place("nothing")).unwrap(), place("nothing"));
        assert!(told("circle").contains("symbolic links"), "{}", told("circle"));
        let (reader, _writer) = io::pipe().unwrap();
        symlink(format!("/proc/self/fd/{}", reader.as_raw_fd()), place("pipe")).unwrap();
        assert!(told("pipe").contains("it is a FIFO"), "{}", told("pipe"));
        let deleted = fs::File::open(place("file")).unwrap();
        fs::remove_file(place("file")).unwrap();
        symlink(format!("/proc/self/fd/{}", deleted.as_raw_fd()), place("deleted")).unwrap();
        assert!(told("deleted").contains("no path any more"), "{}", told("deleted"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
