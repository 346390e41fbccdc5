use super::*;

fn job(len: usize) -> Identity {
    let mut job = sample();
    job.len = len;
    job.outputs[0].shape[0] = len;
    job
}

/// A path for a job file that is gone at the end of the test.
struct Place(std::path::PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        Place(std::env::temp_dir().join(format!("pasha-{}-{name}.pasha", std::process::id())))
    }

    fn is_begun(&self) -> bool {
        is_begun(&claim(&self.0).unwrap()).unwrap()
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
    assert!(!place.is_begun());
    for (noted, finished) in [(0..10, 10), (50..200, 160), (5..60, 200)] {
        let file = JobFile::open(&place.0, &job(1000)).unwrap();
        file.note(noted);
        assert_eq!(file.finished(), finished);
    }
    assert!(place.is_begun());
    let file = JobFile::open(&place.0, &job(1000)).unwrap();
    assert_eq!(file.next_missing(0..1000), Some(200..1000));
    assert_eq!(file.next_missing(0..200), None);
}

#[test]
fn another_job_is_refused_with_both_values() {
    let place = Place::new("other");
    drop(JobFile::open(&place.0, &job(1000)).unwrap());
    type Change = fn(&mut Identity);
    let changes: [(Change, &str, &str); 8] = [
        (|job| job.signature = "fn k(value: f32)".into(), "f64", "f32"),
        (|job| job.len = 999, "items: 1000", "items: 999"),
        (|job| job.outputs[0].shape = vec![1000, 4], "[1000, 3]", "[1000, 4]"),
        (|job| job.outputs[0].element = "f64".into(), "f32", "f64"),
        (|job| job.outputs[0].file.as_mut().unwrap().inode = 7, "inode 2,", "inode 7,"),
        // The number of a file that was removed is given to the next.
        (
            |job| job.outputs[0].file.as_mut().unwrap().born = Some(13),
            "made at 12 ns",
            "made at 13 ns",
        ),
        (|job| job.outputs[0].file.as_mut().unwrap().born = None, "made at 12 ns", "does not tell"),
        (
            |job| job.outputs[0].file.as_mut().unwrap().mark = 0xef,
            "mark 00000000000000fe",
            "mark 00000000000000ef",
        ),
    ];
    for (change, old, new) in changes {
        let mut other = job(1000);
        change(&mut other);
        let reason = place.refusal(&other);
        assert!(reason.contains(old) && reason.contains(new), "{reason}");
        assert!(reason.contains("delete"), "{reason}");
    }
    // A file that was renamed is the same file, and so is one on a device that was mounted again.
    let mut renamed = job(1000);
    renamed.outputs[0].file.as_mut().unwrap().device = 9;
    renamed.outputs[0].file.as_mut().unwrap().path = "elsewhere.npy".into();
    JobFile::open(&place.0, &renamed).unwrap();
}

#[test]
fn damaged_files_are_refused() {
    let place = Place::new("damaged");
    drop(JobFile::open(&place.0, &job(1000)).unwrap());
    let whole = std::fs::read(&place.0).unwrap();
    let mut garbled = whole.clone();
    garbled[3] = b'!';
    for damaged in [&whole[..whole.len() - 1], &whole[..4096], &whole[..20]] {
        std::fs::write(&place.0, damaged).unwrap();
        let reason = place.refusal(&job(1000));
        assert!(reason.contains("delete"), "{reason}");
    }
    for other in [&garbled[..], b"x"] {
        std::fs::write(&place.0, other).unwrap();
        let reason = place.refusal(&job(1000));
        assert!(reason.contains("it is another file") && !reason.contains("delete"), "{reason}");
    }
    // One whose writer was killed before it was whole holds nothing.
    let mut unborn = whole.clone();
    unborn[0] = 0;
    for unborn in [&unborn[..], &[]] {
        std::fs::write(&place.0, unborn).unwrap();
        assert!(!place.is_begun());
        assert_eq!(JobFile::open(&place.0, &job(1000)).unwrap().finished(), 0);
    }
}

#[test]
fn every_flipped_bit_of_a_file_is_refused() {
    let place = Place::new("flipped");
    let file = JobFile::open(&place.0, &job(1000)).unwrap();
    file.note(10..500);
    drop(file);
    let whole = std::fs::read(&place.0).unwrap();
    assert_eq!(whole.len(), 4096 + 32 * 8);
    let text = whole.iter().position(|&byte| byte == b'#').unwrap() + 100;
    for place_of_byte in (0..text).chain([2000, 4095]).chain(4096..whole.len()) {
        let mut flipped = whole.clone();
        flipped[place_of_byte] ^= 1 << (place_of_byte % 8);
        std::fs::write(&place.0, &flipped).unwrap();
        let reason = place.refusal(&job(1000));
        let is_known = place_of_byte >= header::KIND.len();
        assert_eq!(reason.contains("delete"), is_known, "{reason}");
        // With both values, but where the first line, which holds one of them, is unreadable.
        let is_first = place_of_byte < 60;
        assert!(is_first || reason.contains("checksum"), "{place_of_byte}: {reason}");
    }
    std::fs::write(&place.0, &whole).unwrap();
    assert_eq!(JobFile::open(&place.0, &job(1000)).unwrap().finished(), 490);
}

#[test]
fn a_job_is_one_map_s_at_a_time() {
    let place = Place::new("alone");
    let first = JobFile::open(&place.0, &job(10)).unwrap();
    assert!(place.refusal(&job(10)).contains("another map of this program"));
    drop(first);
    JobFile::open(&place.0, &job(10)).unwrap();
}

#[test]
fn a_claimed_job_that_nothing_came_of_leaves_no_file() {
    let place = Place::new("unborn");
    let claims = [claim(&place.0).unwrap(), claim(&place.0).unwrap()];
    assert!(place.0.exists());
    drop(claims);
    assert!(!place.0.exists());
}
