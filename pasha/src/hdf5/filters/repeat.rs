//! The step that all dictionary formats share.

/// Repeats `len` bytes from `distance` before `at`, which may be the first that this writes; `None`
/// if they are not there.
pub(super) fn repeat(out: &mut [u8], at: usize, distance: usize, len: usize) -> Option<()> {
    let from = at.checked_sub(distance)?;
    let out = out.get_mut(from..at.checked_add(len)?)?;
    if distance == 1 {
        let byte = out[0];
        out.fill(byte);
    } else if distance >= len {
        out.copy_within(..len, distance);
    } else {
        for at in distance..out.len() {
            out[at] = out[at - distance];
        }
    }
    Some(())
}
