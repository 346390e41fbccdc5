//! Kernels that fail on request.

/// Fails at the item 13 in the way that is asked for.
#[pasha::kernel(python)]
pub(crate) fn fail(value: i64, #[shared] how: &str) -> Result<i64, String> {
    if value != 13 {
        return Ok(2 * value);
    }
    match how {
        "error" => Err("13 is unlucky".to_owned()),
        "panic" => panic!("13 is feared"),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(3),
        "kill" => {
            // SAFETY: it ends this process.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            unreachable!("it is dead")
        }
        "fork" => {
            // SAFETY: the child ends at once.
            match unsafe { libc::fork() } {
                // SAFETY: it ends the child.
                0 => unsafe { libc::_exit(0) },
                child => {
                    // SAFETY: it waits for the child.
                    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                    Ok(2 * value)
                }
            }
        }
        "hang" => loop {
            std::thread::park();
        },
        _ => Ok(2 * value),
    }
}

/// Writes a byte to the file when it begins, and then takes this many milliseconds.
#[pasha::kernel(python)]
pub(crate) fn wait(value: i64, #[shared] file: i32, #[shared] milliseconds: u64) -> i64 {
    // SAFETY: the byte is there.
    unsafe { libc::write(file, b"b".as_ptr().cast(), 1) };
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
    value
}
