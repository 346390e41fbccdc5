//! Items that the elements of a container lend.
#![deny(warnings)]

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array1, array};

#[pasha::kernel]
fn length(text: &str) -> usize {
    text.len()
}

#[pasha::kernel]
fn of_strings(text: &String) -> usize {
    text.capacity().min(text.len())
}

#[pasha::kernel]
fn sum(row: &[f64]) -> f64 {
    row.iter().sum()
}

#[pasha::kernel]
fn parts(path: &Path) -> usize {
    path.components().count()
}

#[pasha::kernel]
fn double(value: &f64) -> f64 {
    2.0 * value
}

fn main() -> pasha::Result<()> {
    let texts = vec!["a".to_owned(), "bc".to_owned()];
    let expected = array![1, 2];
    assert_eq!(length::run_parallel(&texts)?, expected);
    assert_eq!(length::run_parallel(&texts[..])?, expected);
    assert_eq!(length::run_parallel(&["a", "bc"])?, expected);
    assert_eq!(length::run_parallel(&Array1::from(texts.clone()))?, expected);
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(length::run_parallel(&borrowed)?, expected);
    let maybe_borrowed: Vec<Cow<'_, str>> = vec![Cow::Borrowed("a"), Cow::Owned("bc".into())];
    assert_eq!(length::run_parallel(&maybe_borrowed)?, expected);
    assert_eq!(of_strings::run_parallel(&texts)?, expected);

    assert_eq!(sum::run_parallel(&vec![vec![1.0], vec![2.0, 3.0]])?, array![1.0, 5.0]);
    assert_eq!(sum::run_parallel(&[[1.0, 2.0], [3.0, 4.0]])?, array![3.0, 7.0]);
    let counted: Vec<Arc<[f64]>> = vec![Arc::from([1.0, 2.0])];
    assert_eq!(sum::run_parallel(&counted)?, array![3.0]);

    assert_eq!(parts::run_parallel(&[PathBuf::from("a/b")])?, array![2]);
    let values = [1.0, 2.0];
    let references: Vec<&f64> = values.iter().collect();
    assert_eq!(double::run_parallel(&references)?, array![2.0, 4.0]);
    Ok(())
}
