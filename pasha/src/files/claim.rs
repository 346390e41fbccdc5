//! Who uses which file: within this program, and among programs.
//!
//! Two arrays over one file would give out two `&mut` to one element; an array and a file mapped to
//! be read, a `&` that changes. So a file that is mapped to be written is *claimed*: it is entered
//! into a list of this process, by device and inode, whatever path it was opened by (a file that is
//! open keeps its inode), and locked against other programs (`flock`) until the claim is dropped.
//! Files that are mapped to be read are in the list too. They are not kept locked, since that would
//! take a descriptor each: that no other program changes them meanwhile is asked of the user, as of
//! everybody who maps a file; whether one is writing them already is seen from its lock.
//!
//! Forked workers have the list and the lock as their parent has them, since a lock of this kind
//! belongs to what was opened, however many processes have it. They can't give it up: only the
//! process that made a claim unlocks. It unlocks explicitly, because the copies in programs that it
//! has started a moment ago, and not yet executed, would otherwise hold the lock a moment longer.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::open::check;
use super::{FileIdentity, above_standard, open_regular};

/// The workers of a program that was killed end a moment after it; until then they hold its locks.
const WAIT_FOR_LOCK: Duration = Duration::from_secs(2);

/// Device and inode.
type FileNumber = (u64, u64);

static CLAIMS: Mutex<Claims> =
    Mutex::new(Claims { used: BTreeMap::new(), shared: BTreeMap::new() });

struct Claims {
    used: BTreeMap<FileNumber, FileUse>,
    /// Those that several may hold together.
    shared: BTreeMap<FileNumber, Weak<FileClaim>>,
}

/// How this process uses a file, and the path by which it was opened.
#[derive(Clone, Debug)]
enum FileUse {
    Written(PathBuf),
    /// So many times.
    Read(PathBuf, usize),
}

fn claims() -> MutexGuard<'static, Claims> {
    // A panic can't leave the list half changed: each change is one insertion or removal.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The list, locked: held across a fork, so that the child finds it whole and free.
pub(crate) struct HeldClaims(#[allow(dead_code, reason = "held")] MutexGuard<'static, Claims>);

impl HeldClaims {
    pub(crate) fn hold() -> HeldClaims {
        HeldClaims(claims())
    }
}

/// Why a file can't be claimed.
#[derive(Debug)]
pub(crate) enum ClaimError {
    /// This program writes it already, and opened it by this path.
    WrittenHere(PathBuf),
    /// This program reads it, and opened it by this path.
    ReadHere(PathBuf),
    /// Another program writes it.
    Elsewhere,
    /// It can't be looked at or locked.
    Failed(io::Error),
}

impl ClaimError {
    /// In words, for somebody who wants to write the file or to read it.
    pub(crate) fn reason(&self, to_write: bool) -> String {
        match self {
            ClaimError::WrittenHere(by) if to_write => format!(
                "its bytes are the memory of another array of this program, allocated in {}: drop that \
                 array before, or give another path",
                by.display()
            ),
            ClaimError::WrittenHere(by) => format!(
                "its bytes are the memory of an array of this program, allocated in {}, which may be \
                 written while it is read: map over that array, or drop it before",
                by.display()
            ),
            ClaimError::ReadHere(by) => format!(
                "this program reads it, opened as {}: drop what reads it before, or give another path",
                by.display()
            ),
            ClaimError::Elsewhere => {
                "another program is writing it: wait for that, end it, or give another path"
                    .to_owned()
            }
            ClaimError::Failed(error) => error.to_string(),
        }
    }
}

/// The right to write a file, for as long as this lives.
#[derive(Debug)]
pub(crate) struct FileClaim {
    file: File,
    path: PathBuf,
    key: FileNumber,
    /// The process that unlocks it.
    owner: u32,
    /// Whether somebody works with it who wants to be alone.
    is_busy: AtomicBool,
}

impl FileClaim {
    /// Claims a file that is open to be written.
    pub(crate) fn writing(file: File, path: &Path) -> Result<FileClaim, ClaimError> {
        let key = key(&file.metadata().map_err(ClaimError::Failed)?);
        {
            let mut claims = claims();
            match claims.used.get(&key) {
                Some(FileUse::Written(by)) => return Err(ClaimError::WrittenHere(by.clone())),
                Some(FileUse::Read(by, _)) => return Err(ClaimError::ReadHere(by.clone())),
                None => claims.used.insert(key, FileUse::Written(path.to_owned())),
            };
        }
        // Takes it off the list, if it can't be locked.
        let claim = FileClaim {
            file,
            path: path.to_owned(),
            key,
            owner: std::process::id(),
            is_busy: AtomicBool::new(false),
        };
        match in_a_moment(|| claim.file.try_lock()) {
            Ok(()) => Ok(claim),
            Err(TryLockError::WouldBlock) => Err(ClaimError::Elsewhere),
            // Some network file systems have no locks.
            Err(TryLockError::Error(_)) => Ok(claim),
        }
    }

    /// Claims the file at a path, which is made if there is none, or takes part in the claim that
    /// this process has already. It is not claimed if the file system has no locks.
    pub(crate) fn together(path: &Path) -> Result<Arc<FileClaim>, ClaimError> {
        let since = Instant::now();
        loop {
            let file = open_regular(
                path,
                OpenOptions::new().read(true).write(true).create(true).truncate(false),
            )
            .map_err(ClaimError::Failed)?;
            let key = key(&file.metadata().map_err(ClaimError::Failed)?);
            let shared = claims().shared.get(&key).and_then(Weak::upgrade);
            if let Some(claim) = shared {
                return Ok(claim);
            }
            match FileClaim::writing(file, path) {
                Ok(claim) => {
                    if let Err(TryLockError::Error(error)) = claim.file.try_lock() {
                        return Err(ClaimError::Failed(error));
                    }
                    // It may have been removed by who had it before.
                    if fs::metadata(path).is_ok_and(|now| self::key(&now) == key) {
                        let claim = Arc::new(claim);
                        claims().shared.insert(key, Arc::downgrade(&claim));
                        return Ok(claim);
                    }
                    if since.elapsed() > WAIT_FOR_LOCK {
                        return Err(ClaimError::Elsewhere);
                    }
                }
                // Another thread is about to share it, or to give it back.
                Err(ClaimError::WrittenHere(_)) if since.elapsed() < WAIT_FOR_LOCK => pause(),
                Err(taken) => return Err(taken),
            }
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The path by which it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Enters, alone: nobody else can before what comes back is dropped.
    pub(crate) fn enter(claim: &Arc<FileClaim>) -> Option<ExclusiveUse> {
        let was_busy = claim.is_busy.swap(true, Ordering::Acquire);
        (!was_busy).then(|| ExclusiveUse(Arc::clone(claim)))
    }

    /// Which file it is.
    ///
    /// # Errors
    /// If the file can't be looked at.
    pub(crate) fn identity(&self, mark: u64) -> io::Result<FileIdentity> {
        FileIdentity::of(&self.file, &self.path, mark)
    }
}

impl Drop for FileClaim {
    fn drop(&mut self) {
        let mut claims = claims();
        claims.used.remove(&self.key);
        let was_shared = claims.shared.remove(&self.key).is_some();
        // A forked worker has copies of its parent's claims.
        if self.owner != std::process::id() {
            return;
        }
        let is_here = || fs::metadata(&self.path).is_ok_and(|now| key(&now) == self.key);
        if was_shared && self.file.metadata().is_ok_and(|now| now.len() == 0) && is_here() {
            // Nothing came of the job.
            let _ = fs::remove_file(&self.path);
        }
        // It is unlocked at the latest when it is closed everywhere.
        let _ = self.file.unlock();
    }
}

/// Somebody who is alone with a file.
#[derive(Debug)]
pub(crate) struct ExclusiveUse(Arc<FileClaim>);

impl ExclusiveUse {
    /// The claim.
    pub(crate) fn claim(&self) -> &Arc<FileClaim> {
        &self.0
    }
}

impl Drop for ExclusiveUse {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Release);
    }
}

/// The note that a file is mapped to be read, for as long as this lives.
#[derive(Debug)]
pub(crate) struct ReadLock(FileNumber);

impl ReadLock {
    /// Notes that a file is read, if nobody writes it.
    pub(crate) fn begin(file: &File, path: &Path) -> Result<ReadLock, ClaimError> {
        let key = key(&file.metadata().map_err(ClaimError::Failed)?);
        {
            let mut claims = claims();
            match claims.used.get_mut(&key) {
                Some(FileUse::Written(by)) => return Err(ClaimError::WrittenHere(by.clone())),
                Some(FileUse::Read(_, times)) => *times += 1,
                None => drop(claims.used.insert(key, FileUse::Read(path.to_owned(), 1))),
            }
        }
        let reading = ReadLock(key);
        match is_written_elsewhere(file) {
            true => Err(ClaimError::Elsewhere),
            false => Ok(reading),
        }
    }
}

impl Drop for ReadLock {
    fn drop(&mut self) {
        let mut claims = claims();
        if let Some(FileUse::Read(_, times)) = claims.used.get_mut(&self.0) {
            *times -= 1;
            if *times == 0 {
                claims.used.remove(&self.0);
            }
        }
    }
}

/// Whether what lies at a path may be replaced by a new file: nothing, or a regular file that
/// nobody writes. Those who read it keep it as it was.
pub(crate) fn check_replaceable(path: &Path) -> Result<(), ClaimError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClaimError::Failed(error)),
    };
    check(metadata.file_type()).map_err(ClaimError::Failed)?;
    if let Some(FileUse::Written(by)) = claims().used.get(&key(&metadata)) {
        return Err(ClaimError::WrittenHere(by.clone()));
    }
    // Where it may not be read, its lock can't be seen.
    match open_regular(path, OpenOptions::new().read(true)) {
        Ok(file) if is_written_elsewhere(&file) => Err(ClaimError::Elsewhere),
        _ => Ok(()),
    }
}

/// Does something that no other program that uses pasha does in this folder at the same time.
pub(crate) fn in_turn<T>(folder: &Path, act: impl FnOnce() -> T) -> T {
    // Where folders can't be opened or locked there are no turns.
    let folder =
        File::open(folder).ok().and_then(|folder| above_standard(folder).ok()).map(File::from);
    let folder = folder.filter(|folder| in_a_moment(|| folder.try_lock()).is_ok());
    let outcome = act();
    if let Some(folder) = folder {
        let _ = folder.unlock();
    }
    outcome
}

fn is_written_elsewhere(file: &File) -> bool {
    match in_a_moment(|| file.try_lock_shared()) {
        Ok(()) => {
            let _ = file.unlock();
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// Tries to lock for a moment.
fn in_a_moment(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    let since = Instant::now();
    loop {
        match lock() {
            Err(TryLockError::WouldBlock) if since.elapsed() < WAIT_FOR_LOCK => pause(),
            tried => return tried,
        }
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

fn key(metadata: &Metadata) -> FileNumber {
    (metadata.dev(), metadata.ino())
}
