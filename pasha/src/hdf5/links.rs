//! Following links to an object, across files, so that what is missing is told by its name.

use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use hdf5_metno::sync::sync;
use hdf5_metno::{File, h5check};
use hdf5_metno_sys::h5l;
use hdf5_metno_sys::h5p::H5P_DEFAULT;

use super::file::{self, explain_opening};
use super::names;

/// Links that may lead to an object; more are a circle. (libhdf5 follows 16.)
const MOST_LINKS: usize = 32;

/// An object that was found.
#[derive(Debug)]
pub(super) struct FoundObject {
    /// The file that it is in, open.
    pub(super) file: File,
    /// That file's path, absolute.
    pub(super) path: PathBuf,
    /// The object's path in that file; its last link leads to the object itself.
    pub(super) name: String,
    /// Whether that file is open for writing elsewhere.
    pub(super) is_growing: bool,
}

/// Why an object was not found.
#[derive(Debug)]
pub(super) struct Broken {
    /// Whether it, or a file on the way to it, is not there.
    pub(super) is_missing: bool,
    pub(super) reason: String,
}

/// Where a link leads.
enum LinkTarget {
    /// To an object in the same group.
    Object,
    Soft(String),
    External {
        file: String,
        object: String,
    },
}

/// Follows all links on a path in a file, whose own path is absolute.
pub(super) fn follow(path: &Path, name: &str) -> Result<FoundObject, Broken> {
    let broken = |is_missing, reason| Broken { is_missing, reason };
    let (file, is_growing) =
        file::open(path).map_err(|error| broken(false, explain_opening(path, &error)))?;
    let mut found = FoundObject { file, path: path.to_owned(), name: String::new(), is_growing };
    let mut left = parts(name);
    // What the last link that was followed is.
    let mut way = None;
    let mut followed = 0;
    while let Some(part) = left.pop_front() {
        let here = if found.name.is_empty() { part } else { format!("{}/{part}", found.name) };
        let in_file = || match found.path == path {
            true => String::new(),
            false => format!(" in {}", found.path.display()),
        };
        let link = match link(&found.file, &here) {
            Ok(link) => link,
            Err(_) => {
                let reason = way.unwrap_or_else(|| {
                    let missing = names::missing(&found.file, name);
                    missing.unwrap_or_else(|| format!("there is no {here}{}", in_file()))
                });
                return Err(broken(true, reason));
            }
        };
        let mut targets = VecDeque::new();
        match link {
            LinkTarget::Object => found.name = here,
            LinkTarget::Soft(target) => {
                way = Some(format!(
                    "{here}{} is a soft link to {target}, where there is nothing",
                    in_file()
                ));
                if target.starts_with('/') {
                    found.name.clear();
                }
                targets = parts(&target);
                followed += 1;
            }
            LinkTarget::External { file, object } => {
                let link = format!("{here}{} is an external link to {file}", in_file());
                let named = file::named_by(&found.path, &file, "HDF5_EXT_PREFIX");
                let target = named.map_err(|looked_for| {
                    let at = file::what_is_at(&looked_for);
                    let told = match looked_for.exists() {
                        true => format!("which can't be read: {at}"),
                        false => format!(
                            "which is not there: {at}; copy it there, or set HDF5_EXT_PREFIX to its folder"
                        ),
                    };
                    broken(true, format!("{link}, {told}"))
                })?;
                let (file, is_growing) = file::open(&target.path)
                    .map_err(|error| explain_opening(&target.path, &error))
                    .map_err(|reason| broken(false, format!("{link}: {reason}")))?;
                way = Some(format!("{link}, in which there is no {object}"));
                found = FoundObject { file, path: target.path, name: String::new(), is_growing };
                targets = parts(&object);
                followed += 1;
            }
        }
        if followed > MOST_LINKS {
            return Err(broken(
                false,
                format!("more than {MOST_LINKS} links lead to it: in a circle"),
            ));
        }
        targets.append(&mut left);
        left = targets;
    }
    if found.name.is_empty() {
        found.name.push('/');
    }
    Ok(found)
}

/// Whether a link on a path leads into another file, of which none is opened.
pub(super) fn leads_out(file: &File, path: &str) -> bool {
    let (mut here, mut left, mut followed) = (String::new(), parts(path), 0);
    while let Some(part) = left.pop_front() {
        let next = format!("{here}/{part}");
        match link(file, &next) {
            Ok(LinkTarget::Object) => here = next,
            Ok(LinkTarget::External { .. }) => return true,
            Ok(LinkTarget::Soft(target)) if followed < MOST_LINKS => {
                followed += 1;
                if target.starts_with('/') {
                    here.clear();
                }
                let mut targets = parts(&target);
                targets.append(&mut left);
                left = targets;
            }
            Ok(LinkTarget::Soft(_)) | Err(_) => return false,
        }
    }
    false
}

/// Refuses an external link at this path whose file is there, but is no regular file.
pub(super) fn check_external(file: &File, path: &str) -> Result<(), String> {
    let Ok(LinkTarget::External { file: named, .. }) = link(file, path) else { return Ok(()) };
    let parent = file::absolute(Path::new(&file.filename()));
    match file::named_by(&parent, &named, "HDF5_EXT_PREFIX") {
        Err(at) if at.exists() => Err(format!(
            "{path} is an external link to {named}, which can't be read: {}",
            file::what_is_at(&at)
        )),
        _ => Ok(()),
    }
}

/// The parts of a path.
fn parts(path: &str) -> VecDeque<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

/// What the last link of a path is.
fn link(file: &File, path: &str) -> hdf5_metno::Result<LinkTarget> {
    let name = CString::new(path).map_err(|_| "a name with a zero byte")?;
    sync(|| {
        let mut info = MaybeUninit::<h5l::H5L_info1_t>::zeroed();
        #[allow(deprecated, reason = "its successor is not in HDF5 1.10")]
        // SAFETY: the handle is that of a file, the name is text of C, `info` has room for what
        // is told, and the lock is held.
        h5check(unsafe {
            h5l::H5Lget_info1(file.id(), name.as_ptr(), info.as_mut_ptr(), H5P_DEFAULT)
        })?;
        // SAFETY: the kind is the first field, and read as an integer, because a user's kinds are
        // none of the enumeration; of the union the library writes the size of the link's value,
        // or an address, and all of it was zeroed.
        let (kind, size) = unsafe {
            let info = info.as_ptr();
            (info.cast::<i32>().read(), (&raw const (*info).u).cast::<usize>().read())
        };
        let is_soft = kind == h5l::H5L_TYPE_SOFT as i32;
        if !is_soft && kind != h5l::H5L_TYPE_EXTERNAL as i32 {
            return Ok(LinkTarget::Object);
        }
        let mut value = Vec::new();
        value.try_reserve_exact(size).map_err(|_| "a link that is longer than the memory")?;
        value.resize(size, 0_u8);
        // SAFETY: the handle is that of a file, the name is text of C, the lock is held, and
        // `value` has the size that the library has told for this link.
        h5check(unsafe {
            let into = value.as_mut_ptr().cast();
            h5l::H5Lget_val(file.id(), name.as_ptr(), into, size, H5P_DEFAULT)
        })?;
        if is_soft {
            let target = CStr::from_bytes_until_nul(&value).map_err(|_| "a link without an end")?;
            return Ok(LinkTarget::Soft(target.to_string_lossy().into_owned()));
        }
        // A byte of version and flags, and two texts (H5L_EXT_VERSION in libhdf5's sources).
        let mut texts = value.get(1..).unwrap_or_default().split(|&byte| byte == 0);
        let mut text = || Some(String::from_utf8_lossy(texts.next()?).into_owned());
        match (text(), text()) {
            (Some(file), Some(object)) => Ok(LinkTarget::External { file, object }),
            _ => Err("an external link that can't be read".into()),
        }
    })
}
