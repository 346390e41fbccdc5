//! Data sets of texts. They are small: all of one is read when its key is opened.

use std::path::Path;

use hdf5_metno::File;

use super::values;
use crate::error::{Error, Hdf5Error, Result, SourceError};
use crate::hdf5::guards::open_dataset;

/// All texts of a data set.
#[derive(Debug)]
pub(super) struct TextDataset {
    pub(super) texts: Vec<String>,
    pub(super) shape: Vec<usize>,
}

/// One worker's reader of texts.
#[derive(Debug)]
pub(super) struct TextsReader<'r>(pub(super) &'r TextDataset);

impl TextDataset {
    pub(super) fn open(path: &Path, name: &str) -> Result<TextDataset> {
        let read = || -> Result<TextDataset, SourceError> {
            let dataset = open_dataset(&*File::open(path)?, name)?;
            let (texts, shape) = (values::texts_of(&dataset)?, dataset.shape());
            Ok(TextDataset { texts, shape })
        };
        read().map_err(|error| {
            Error::Hdf5(Hdf5Error {
                path: path.to_owned(),
                dataset: name.to_owned(),
                reason: error.to_string(),
            })
        })
    }
}
