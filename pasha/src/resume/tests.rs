use super::*;

fn job(len: usize) -> Identity {
    let file = FileIdentity { path: "out.npy".into(), device: 1, inode: 2 };
    let output =
        OutputFile { name: "out".into(), element: "f32".into(), shape: vec![len, 3], file };
    Identity { signature: "fn k(value: f64)\n-> f64".into(), len, outputs: vec![output] }
}

/// A path for a job file that is gone at the end of the test.
struct Place(std::path::PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        Place(std::env::temp_dir().join(format!("pasha-{}-{name}.pasha", std::process::id())))
    }

    fn refusal(&self, job: &Identity) -> String {
        match JobFile::open(&self.0, job) {
            Err(Error::Resume { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_is_noted_is_there_when_the_file_is_opened_again() {
    let place = Place::new("again");
    assert!(!is_begun(&place.0).unwrap());
    for (noted, finished) in [(0..10, 10), (50..200, 160), (5..60, 200)] {
        let file = JobFile::open(&place.0, &job(1000)).unwrap();
        file.note(noted);
        assert_eq!(file.finished(), finished);
    }
    assert!(is_begun(&place.0).unwrap());
    let file = JobFile::open(&place.0, &job(1000)).unwrap();
    assert_eq!(file.next_missing(0..1000), Some(200..1000));
    assert_eq!(file.next_missing(0..200), None);
}

#[test]
fn another_job_is_refused_with_both_values() {
    let place = Place::new("other");
    drop(JobFile::open(&place.0, &job(1000)).unwrap());
    type Change = fn(&mut Identity);
    let changes: [(Change, &str, &str); 5] = [
        (|job| job.signature = "fn k(value: f32)".into(), "f64", "f32"),
        (|job| job.len = 999, "items: 1000", "items: 999"),
        (|job| job.outputs[0].shape = vec![1000, 4], "[1000, 3]", "[1000, 4]"),
        (|job| job.outputs[0].element = "f64".into(), "f32", "f64"),
        (|job| job.outputs[0].file.inode = 7, "inode 2", "inode 7"),
    ];
    for (change, old, new) in changes {
        let mut other = job(1000);
        change(&mut other);
        let reason = place.refusal(&other);
        assert!(reason.contains(old) && reason.contains(new), "{reason}");
        assert!(reason.contains("delete"), "{reason}");
    }
    // A file that was renamed is the same file.
    let mut renamed = job(1000);
    renamed.outputs[0].file.path = "elsewhere.npy".into();
    JobFile::open(&place.0, &renamed).unwrap();
}

#[test]
fn damaged_files_are_refused() {
    let place = Place::new("damaged");
    drop(JobFile::open(&place.0, &job(1000)).unwrap());
    let whole = std::fs::read(&place.0).unwrap();
    let mut garbled = whole.clone();
    garbled[3] = b'!';
    for damaged in [&whole[..whole.len() - 1], &whole[..4096], &whole[..20], &garbled, b"x"] {
        std::fs::write(&place.0, damaged).unwrap();
        let reason = place.refusal(&job(1000));
        assert!(reason.contains("delete"), "{reason}");
    }
    // One whose writer was killed before it was whole holds nothing.
    let mut unborn = whole.clone();
    unborn[0] = 0;
    for unborn in [&unborn[..], &[]] {
        std::fs::write(&place.0, unborn).unwrap();
        assert!(!is_begun(&place.0).unwrap());
        assert_eq!(JobFile::open(&place.0, &job(1000)).unwrap().finished(), 0);
    }
}
