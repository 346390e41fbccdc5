//! The data of one key over the trains of a run.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Dimension;

use super::Section;
use super::catalogue::TrainEntries;
use super::element::{KeyElement, StoredRows};
use super::info::KeyInfo;
use super::run::{Run, data_set_of};
use super::trains::{Trains, by_id};
use crate::error::{Error, Hdf5Error, Result, SourceError, XfelError};
use crate::hdf5::probe::probe_each;

/// The data of one key of a run, a functor of [`Train`](super::Train)s; made by [`Run::key`].
///
/// A kernel's parameter may be `Train<'_, A, D>`, `Option<Train<'_, A, D>>`, `ArrayView<A, D>`, or
/// the number itself where an entry is one (`Ix0`). Two keys that are mapped over together must
/// have the same trains: those of one run have, and [`zip`](Key::zip) sees to it otherwise.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use ndarray::{ArrayView2, Ix2};
///
/// /// The counts of an image.
/// #[pasha::kernel]
/// fn total(image: ArrayView2<u16>) -> u64 {
///     image.iter().map(|&count| u64::from(count)).sum()
/// }
///
/// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
/// let totals = total::run_parallel(&images)?;
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Key<A: KeyElement, D> {
    pub(super) data: Arc<KeyFiles<A>>,
    pub(super) train_ids: Arc<[u64]>,
    pub(super) places: Arc<[TrainEntries]>,
    pub(super) form: Form,
    dim: PhantomData<fn() -> D>,
}

/// The files of a key, whatever trains are selected.
pub(super) struct KeyFiles<A: KeyElement> {
    pub(super) info: KeyInfo,
    pub(super) files: Vec<(PathBuf, A::Rows)>,
}

/// What of a train a kernel gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its one entry.
    One,
    /// All its entries.
    All,
    /// Its one entry if there is one, all if there are more.
    OneOrAll,
}

impl Run {
    /// The data of a key, to be mapped over.
    ///
    /// `D` is the dimension of one entry (`Ix0` for a number, `Ix2` for an image): then each train
    /// has one entry at most. Or it is one more, for all entries of a train along axis 0. With
    /// `IxDyn` it is the one for trains with one entry, the other for those with more.
    ///
    /// # Errors
    /// [`XfelError::NotInRun`] if there is no such source or key; [`Error::Hdf5`] if its data can't
    /// be read as `A`; [`XfelError::Key`] if they have another number of axes, or differ from file
    /// to file.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::{Ix0, Ix1, Ix2};
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// // One number for each train, and all pulses of a train.
    /// let flux = run.key::<f32, Ix0>("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    /// let pulses = run.key::<f32, Ix1>("SA1_XTD2_XGM/XGM/DOOCS:output", "data.intensityTD")?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn key<A: KeyElement, D: Dimension + 'static>(
        &self,
        source: &str,
        key: &str,
    ) -> Result<Key<A, D>> {
        Key::open(self, source, key)
    }
}

impl<A: KeyElement, D: Dimension + 'static> Key<A, D> {
    pub(super) fn open(run: &Run, source: &str, key: &str) -> Result<Self> {
        let info = run.key_info(source, key)?;
        run.catalogue.check_sound(source, &info.group, &run.train_ids)?;
        let form = form::<D>(&info)?;
        let mut places = run.catalogue.places(source, &info.group, &run.train_ids);
        if info.section == Section::Control {
            for place in &mut places {
                place.count = place.count.min(1);
            }
        }
        let mut numbers: Vec<u32> =
            places.iter().filter(|place| place.count > 0).map(|place| place.file).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let name = data_set_of(info.section, source, &info.key);
        let mut paths: Vec<PathBuf> = numbers
            .iter()
            .map(|&number| run.catalogue.files[number as usize].path.clone())
            .collect();
        if paths.is_empty() {
            let of_source = run.catalogue.source(source)?;
            paths.push(run.catalogue.model_file(of_source, &run.train_ids).path.clone());
        }
        let unsound = probe_each("HDF5", &paths, |path| drop(A::Rows::open(path, &name)))?;
        // Which trains to do without, if a file is not as the others.
        let others = |number: usize| {
            let number = numbers.get(number).filter(|_| numbers.len() > 1)?;
            let file = &run.catalogue.files[*number as usize];
            let (first, last) = file.ends(&run.train_ids, run.catalogue.include_suspect)?;
            Some(format!(
                "; it has trains {first} to {last}: select others, and the rest can be read"
            ))
        };
        let with_others =
            |number: usize, reason: String| reason + &others(number).unwrap_or_default();
        if let Some((number, reason)) = unsound.into_iter().next() {
            let path = paths.swap_remove(number);
            return Err(Error::Hdf5(Hdf5Error {
                path,
                dataset: name,
                reason: with_others(number, reason),
            }));
        }
        let open = |(number, path): (usize, PathBuf)| match A::Rows::open(&path, &name) {
            Ok(rows) => Ok((path, rows)),
            Err(Error::Hdf5(Hdf5Error { path, dataset, reason })) => {
                Err(Error::Hdf5(Hdf5Error { path, dataset, reason: with_others(number, reason) }))
            }
            Err(error) => Err(error),
        };
        let files = paths.into_iter().enumerate().map(open).collect::<Result<Vec<_>>>()?;
        for place in places.iter_mut().filter(|place| place.count > 0) {
            place.file = numbers.partition_point(|&number| number < place.file) as u32;
        }
        let key = Key {
            data: Arc::new(KeyFiles { info, files }),
            train_ids: run.train_ids.clone(),
            places: places.into(),
            form,
            dim: PhantomData,
        };
        key.check_files()?;
        Ok(key)
    }

    /// Checks that all files have entries of one shape, and as many as their index says.
    fn check_files(&self) -> Result<()> {
        let KeyFiles { info, files } = &*self.data;
        let refused = |reason: String| {
            Error::Xfel(XfelError::Key {
                source_name: info.source.clone(),
                key: info.key.clone(),
                reason,
            })
        };
        for (number, (path, rows)) in files.iter().enumerate() {
            let shape = rows.shape().get(1..).unwrap_or_default();
            if shape != info.entry_shape {
                let (first, first_end) = self.trains_in(0);
                let (other, other_end) = self.trains_in(number);
                return Err(refused(format!(
                    "its entries have shape {:?} in trains {first} to {first_end} ({}), but {shape:?} in trains \
                     {other} to {other_end} ({}): select trains of one shape first, \
                     `run.select_trains(by_id({other}..={other_end}))?`",
                    info.entry_shape,
                    files[0].0.display(),
                    path.display(),
                )));
            }
        }
        let mut total = 0_usize;
        let trains = self.places.iter().zip(&*self.train_ids);
        for (place, id) in trains.filter(|(place, _)| place.count > 0) {
            let (path, rows) = &files[place.file as usize];
            let len = rows.shape()[0] as u64;
            if place.first.checked_add(place.count).is_none_or(|end| end > len) {
                return Err(refused(format!(
                    "train {id} is to have {} entries from {} on, but there are {len} in all in {}",
                    place.count,
                    place.first,
                    path.display()
                )));
            }
            let sum = usize::try_from(place.count).ok().and_then(|count| total.checked_add(count));
            total = sum.ok_or_else(|| {
                refused(format!(
                    "train {id} is to have {} entries in {}, and those before it have {total}, which is more \
                     than can be counted together: select fewer trains",
                    place.count,
                    path.display()
                ))
            })?;
        }
        Ok(())
    }

    /// The first and the last train with data in the file of this number.
    fn trains_in(&self, number: usize) -> (u64, u64) {
        let trains = self.places.iter().zip(&*self.train_ids);
        let is_here = |place: &TrainEntries| place.count > 0 && place.file as usize == number;
        let mut ids = trains.filter(|(place, _)| is_here(place)).map(|(_, &id)| id);
        let first = ids.next().unwrap_or_default();
        (first, ids.next_back().unwrap_or(first))
    }

    /// The same key with some of its trains; see [`Trains`].
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no train at a position.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// let first = images.select_trains(..100)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn select_trains(&self, trains: impl Into<Trains>) -> Result<Self> {
        Ok(self.with_trains(trains.into().of(&self.train_ids)?))
    }

    /// The same key with the trains alone that have data.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// assert!(images.drop_empty().counts().iter().all(|&count| count > 0));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn drop_empty(&self) -> Self {
        let trains = self.train_ids.iter().zip(&*self.places);
        self.with_trains(trains.filter(|(_, place)| place.count > 0).map(|(&id, _)| id).collect())
    }

    /// This key and another with the trains alone that both have in their lists, so that they can
    /// be items of one kernel.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::{Ix0, Ix2};
    ///
    /// # let other = run.clone();
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// // Of another folder, with other trains:
    /// let flux = other.key::<f32, Ix0>("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    /// let (images, flux) = images.zip(&flux);
    /// assert_eq!(images.train_ids(), flux.train_ids());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn zip<B: KeyElement, E: Dimension + 'static>(
        &self,
        other: &Key<B, E>,
    ) -> (Self, Key<B, E>) {
        let chosen = |train_ids: &[u64], others: &[u64]| -> Vec<u64> {
            let has = |id: &u64| others.binary_search(id).is_ok();
            train_ids.iter().copied().filter(has).collect()
        };
        let common = chosen(&self.train_ids, &other.train_ids);
        (self.with_trains(common.clone()), other.with_trains(common))
    }

    /// The key with these of its trains.
    fn with_trains(&self, train_ids: Vec<u64>) -> Self {
        let place = |id: &u64| self.train_ids.binary_search(id).map(|at| self.places[at]);
        let places: Vec<TrainEntries> =
            train_ids.iter().map(|id| place(id).unwrap_or_default()).collect();
        Key { train_ids: train_ids.into(), places: places.into(), ..self.clone() }
    }

    /// The trains of another key, as far as this one has them in its list.
    ///
    /// # Examples
    /// ```no_run
    /// # use ndarray::{Ix0, Ix2};
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// let images = images.drop_empty();
    /// let energies = run.key::<f32, Ix0>("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    /// let energies = energies.with_trains_of(&images);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn with_trains_of<B: KeyElement, E>(&self, other: &Key<B, E>) -> Self {
        let chosen = by_id(&*other.train_ids).of(&self.train_ids);
        self.with_trains(chosen.unwrap_or_default())
    }

    /// Says which train has more than the one entry that was asked for.
    pub(super) fn check_counts(&self) -> Result<(), SourceError> {
        if self.form != Form::One {
            return Ok(());
        }
        let mut trains = self.train_ids.iter().zip(&*self.places);
        match trains.find(|(_, place)| place.count > 1) {
            None => Ok(()),
            Some((id, place)) => {
                let KeyInfo { source, key, entry_shape, .. } = &self.data.info;
                Err(format!(
                    "train {id} has {} entries of {source}, {key}, but one was asked for: open the key with \
                     Ix{} for all entries of a train",
                    place.count,
                    entry_shape.len() + 1
                )
                .into())
            }
        }
    }
}

impl<A: KeyElement, D> Key<A, D> {
    /// What the key's entries look like.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// assert_eq!(images.info().entry_shape, [1024, 1024]); // (y, x)
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn info(&self) -> &KeyInfo {
        &self.data.info
    }

    /// The ids of the trains that are mapped over, in order.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// assert_eq!(images.train_ids(), run.train_ids());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn train_ids(&self) -> &[u64] {
        &self.train_ids
    }

    /// The number of entries in each train.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// let with_data = images.counts().iter().filter(|&&count| count > 0).count();
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn counts(&self) -> Vec<usize> {
        self.places.iter().map(|place| place.count as usize).collect()
    }

    /// The shape of all entries together, one length per axis.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix2;
    ///
    /// let images = run.key::<u16, Ix2>("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")?;
    /// let shape = images.shape(); // [entries of all trains, 1024, 1024]
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn shape(&self) -> Vec<usize> {
        let total = self.places.iter().map(|place| place.count as usize).sum();
        std::iter::once(total).chain(self.data.info.entry_shape.iter().copied()).collect()
    }
}

/// What a kernel gets, by the number of axes that were asked for.
fn form<D: Dimension>(info: &KeyInfo) -> Result<Form> {
    let of_entry = info.entry_shape.len();
    match D::NDIM {
        None => Ok(Form::OneOrAll),
        Some(asked) if asked == of_entry => Ok(Form::One),
        Some(asked) if asked == of_entry + 1 => Ok(Form::All),
        Some(asked) => Err(Error::Xfel(XfelError::Key {
            source_name: info.source.clone(),
            key: info.key.clone(),
            reason: format!(
                "its entries have shape {:?}, and Ix{asked} was asked for: open it with Ix{of_entry} for the \
                 one entry of a train, with Ix{} for all its entries",
                info.entry_shape,
                of_entry + 1
            ),
        })),
    }
}

impl<A: KeyElement, D> Clone for Key<A, D> {
    fn clone(&self) -> Self {
        Key {
            data: self.data.clone(),
            train_ids: self.train_ids.clone(),
            places: self.places.clone(),
            form: self.form,
            dim: PhantomData,
        }
    }
}

impl<A: KeyElement, D> fmt::Debug for Key<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("info", &self.data.info)
            .field("trains", &self.train_ids.len())
            .finish_non_exhaustive()
    }
}
