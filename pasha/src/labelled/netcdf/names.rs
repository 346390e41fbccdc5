//! Names that the netCDF library takes and gives back as they are.

use crate::error::SourceError;

/// Bytes of the longest name: one less than the library's `NC_MAX_NAME`, because the crate does not
/// read one of as many.
const LONGEST_NAME: usize = 255;

/// Whether this may be the name of a variable, in a group or not. The library calls others errors,
/// where the crate panics.
pub(super) fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME && !part.contains('\0')
    })
}

/// What the library puts before the name of a variable that has the name of a dimension and is no
/// coordinate, and takes away when it reads.
const RENAMED: &str = "_nc4_non_coord_";

/// Checks that the library gives a name back as it was.
pub(super) fn check_kept(what: &str, name: &str) -> Result<(), SourceError> {
    if name.len() > LONGEST_NAME {
        let len = name.len();
        let told = format!("has {len} bytes, and those of this format at most {LONGEST_NAME}");
        return Err(format!("the name {name:?} of its {what} {told}: give it a shorter one").into());
    }
    if name.starts_with(RENAMED) {
        let told = format!("begins with {RENAMED:?}, which the netCDF library takes away");
        return Err(format!("the name {name:?} of its {what} {told}: give it another name").into());
    }
    Ok(())
}
