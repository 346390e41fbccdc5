//! Several keys of a run, chosen when the program runs: the whole of a train as one item.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use half::f16;
use ndarray::{ArrayView, Dimension, IxDyn};
use num_complex::Complex;

use super::KeyInfo;
use super::element::KeyElement;
use super::key::{Form, Key};
use super::read::{KeyReader, view};
use super::run::Run;
use crate::error::{Error, Result, SourceError, XfelError};
use crate::functor::{Functor, NaturalItem, Read};
use crate::param::{KernelItem, Param};

/// Several keys of a run, a functor of [`TrainData`]; made by [`Run::trains`].
///
/// A kernel is called for every train of the list, also for those without any data.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// let trains = run.trains(&[("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")])?;
/// assert_eq!(trains.train_ids(), run.train_ids());
/// # Ok::<(), pasha::Error>(())
/// ```
pub struct Collection {
    keys: Vec<Box<dyn AnyKey>>,
    train_ids: Arc<[u64]>,
}

/// What several keys have in one train.
///
/// # Examples
/// ```no_run
/// # let run = pasha::xfel::Run::open("r0001")?;
/// use pasha::xfel::TrainData;
///
/// /// The id of a train, and its place in the list.
/// #[pasha::kernel]
/// fn place(train: TrainData<'_>) -> [u64; 2] { [train.id, train.index as u64] }
///
/// let trains = run.trains(&[("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")])?;
/// let out = place::run_parallel(&trains)?;
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrainData<'a> {
    /// The train's id.
    pub id: u64,
    /// The train's position in the collection's list of trains. Where chosen ones of them are
    /// mapped over ([`select`](crate::select)), the position of its slot is another: the kernel's
    /// `#[index]`.
    pub index: usize,
    loaded: &'a [Loaded],
}

/// The kind of parameter that gets a [`TrainData`].
#[derive(Debug)]
pub struct TrainDataParam;

impl Param for TrainDataParam {
    type Item<'r> = TrainData<'r>;
    type Shape = ();
}

impl KernelItem for TrainData<'_> {
    type Param = TrainDataParam;
}

/// What was read of a key in the present train.
struct Loaded {
    info: KeyInfo,
    count: usize,
    /// A `Vec` of the key's elements.
    entries: Box<dyn Any>,
}

impl Run {
    /// Several keys together, to be mapped over with a kernel on [`TrainData`].
    ///
    /// This is for keys that are not known when the program is written; otherwise give several
    /// [keys](Run::key) to a kernel with several items, which copies nothing.
    ///
    /// # Errors
    /// As for [`Run::key`]; [`XfelError::Key`] for elements that are neither numbers nor texts.
    ///
    /// # Examples
    /// ```no_run
    /// use ndarray::{Ix0, Ix2};
    /// use pasha::xfel::{Run, TrainData};
    ///
    /// /// The mean of an image for each unit of intensity; 0 if there is no image.
    /// #[pasha::kernel]
    /// fn brightness(train: TrainData<'_>) -> pasha::Result<f64> {
    ///     let (camera, pixels) = ("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels");
    ///     let (monitor, energy) = ("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux.value");
    ///     let image = train.get::<u16, Ix2>(camera, pixels)?;
    ///     let flux = train.get::<f32, Ix0>(monitor, energy)?;
    ///     let (Some(image), Some(flux)) = (image, flux) else { return Ok(0.0) };
    ///     let sum: f64 = image.iter().map(|&count| f64::from(count)).sum();
    ///     Ok(sum / image.len() as f64 / f64::from(flux[()]))
    /// }
    ///
    /// let run = Run::open("r0001")?;
    /// let trains = run.trains(&[
    ///     ("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels"),
    ///     ("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux"),
    /// ])?;
    /// let out = brightness::run_parallel(&trains)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn trains(&self, keys: &[(&str, &str)]) -> Result<Collection> {
        let keys = keys.iter().map(|(source, key)| any_key(self, source, key));
        Ok(Collection { keys: keys.collect::<Result<_>>()?, train_ids: self.train_ids.clone() })
    }
}

impl Collection {
    /// The ids of the trains that are mapped over, in order.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// let trains = run.trains(&[("FXE_XAD_GEC/CAM/CAMERA:daqOutput", "data.image.pixels")])?;
    /// println!("{} trains", trains.train_ids().len());
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn train_ids(&self) -> &[u64] {
        &self.train_ids
    }
}

impl TrainData<'_> {
    /// The data of a key in this train, if there are any. Copied from the file once for each train.
    ///
    /// `D` is the dimension of one entry, or one more for all entries of the train along axis 0;
    /// with `IxDyn` it is the one for one entry, the other for more.
    ///
    /// # Errors
    /// [`XfelError::Key`] if the key was not given to [`Run::trains`], has elements of another type
    /// or another number of axes, or has more than the one entry that was asked for.
    ///
    /// # Examples
    /// ```no_run
    /// # let run = pasha::xfel::Run::open("r0001")?;
    /// use ndarray::Ix0;
    /// use pasha::xfel::TrainData;
    ///
    /// /// The flux of a train, or NaN where there is none.
    /// #[pasha::kernel]
    /// fn flux(train: TrainData<'_>) -> pasha::Result<f32> {
    ///     let flux = train.get::<f32, Ix0>("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")?;
    ///     Ok(flux.map_or(f32::NAN, |flux| flux[()]))
    /// }
    ///
    /// let trains = run.trains(&[("SA1_XTD2_XGM/XGM/DOOCS", "pulseEnergy.photonFlux")])?;
    /// let out = flux::run_parallel(&trains)?;
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn get<A: KeyElement, D: Dimension>(
        &self,
        source: &str,
        key: &str,
    ) -> Result<Option<ArrayView<'_, A, D>>> {
        let refused = |reason: String| {
            Error::Xfel(XfelError::Key {
                source_name: source.to_owned(),
                key: key.to_owned(),
                reason,
            })
        };
        let is_it = |loaded: &&Loaded| {
            let name = &loaded.info.key;
            loaded.info.source == source
                && (name == key || name.strip_suffix(".value") == Some(key))
        };
        let loaded = self.loaded.iter().find(is_it).ok_or_else(|| {
            refused("it is not among the keys that are mapped over: add it in `Run::trains`".into())
        })?;
        let entries = loaded.entries.downcast_ref::<Vec<A>>().ok_or_else(|| {
            let asked = std::any::type_name::<A>();
            refused(format!("it holds {}, but {asked} was asked for", loaded.info.element))
        })?;
        if loaded.count == 0 {
            return Ok(None);
        }
        let shape = &loaded.info.entry_shape;
        let form = match D::NDIM {
            None => Form::OneOrAll,
            Some(axes) if axes == shape.len() => Form::One,
            Some(axes) if axes == shape.len() + 1 => Form::All,
            Some(axes) => {
                return Err(refused(format!(
                    "its entries have shape {shape:?}, and Ix{axes} was asked for"
                )));
            }
        };
        let view = view(entries, loaded.count, shape, form);
        view.map(Some).map_err(|error| refused(format!("train {}: {error}", self.id)))
    }
}

/// A key of any element type.
trait AnyKey: Send + Sync {
    fn info(&self) -> &KeyInfo;

    fn announce(&self);

    fn reader(&self) -> Box<dyn Load + '_>;

    fn buffer(&self) -> Box<dyn Any>;
}

/// A reader of any element type.
trait Load {
    /// Reads the entries of a train into a buffer of the key's, and gives their number.
    fn load(&mut self, index: usize, into: &mut dyn Any) -> Result<usize, SourceError>;
}

impl<A: KeyElement> AnyKey for Key<A, IxDyn> {
    fn info(&self) -> &KeyInfo {
        Key::info(self)
    }

    fn announce(&self) {
        self.announce_trains();
    }

    fn reader(&self) -> Box<dyn Load + '_> {
        Box::new(KeyReader::new(self))
    }

    fn buffer(&self) -> Box<dyn Any> {
        Box::new(Vec::<A>::new())
    }
}

impl<A: KeyElement> Load for KeyReader<'_, A, IxDyn> {
    fn load(&mut self, index: usize, into: &mut dyn Any) -> Result<usize, SourceError> {
        let buffer = into.downcast_mut::<Vec<A>>().ok_or("the buffer is of another type")?;
        buffer.clear();
        Ok(match self.entries(index)? {
            None => 0,
            Some((count, entries)) => {
                buffer.extend_from_slice(entries);
                count
            }
        })
    }
}

fn any_key(run: &Run, source: &str, key: &str) -> Result<Box<dyn AnyKey>> {
    let info = run.key_info(source, key)?;
    macro_rules! open {
        ($($name:literal $element:ty),+) => {
            match info.element.as_str() {
                $($name => Ok(Box::new(run.key::<$element, IxDyn>(source, key)?)),)+
                other => Err(Error::Xfel(XfelError::Key {
                    source_name: source.to_owned(),
                    key: info.key.clone(),
                    reason: format!(
                        "it holds {other}, neither numbers nor texts: give the key to a kernel of its own, `run.key`"
                    ),
                })),
            }
        };
    }
    open!("u8" u8, "u16" u16, "u32" u32, "u64" u64, "i8" i8, "i16" i16, "i32" i32, "i64" i64,
          "f16" f16, "f32" f32, "f64" f64, "Complex<f32>" Complex<f32>, "Complex<f64>" Complex<f64>,
          "bool" bool, "String" String)
}

/// One worker's reader of a [`Collection`].
pub struct CollectionReader<'f> {
    train_ids: &'f [u64],
    readers: Vec<Box<dyn Load + 'f>>,
    loaded: Vec<Loaded>,
}

#[diagnostic::do_not_recommend]
impl Functor<TrainDataParam> for Collection {
    type Reader<'f> = CollectionReader<'f>;

    fn num_items(&self) -> usize {
        self.train_ids.len()
    }

    fn reader(&self) -> Result<CollectionReader<'_>, SourceError> {
        let loaded =
            |key: &dyn AnyKey| Loaded { info: key.info().clone(), count: 0, entries: key.buffer() };
        Ok(CollectionReader {
            train_ids: &self.train_ids,
            readers: self.keys.iter().map(|key| key.reader()).collect(),
            loaded: self.keys.iter().map(|key| loaded(&**key)).collect(),
        })
    }

    fn announce(&self) {
        self.keys.iter().for_each(|key| key.announce());
    }

    fn labels(&self) -> Option<&[u64]> {
        Some(&self.train_ids)
    }
}

impl Read<TrainDataParam> for CollectionReader<'_> {
    type Error = SourceError;

    fn read(&mut self, index: usize) -> Result<TrainData<'_>, SourceError> {
        for (reader, loaded) in self.readers.iter_mut().zip(&mut self.loaded) {
            loaded.count = reader.load(index, &mut *loaded.entries)?;
        }
        Ok(TrainData { id: self.train_ids[index], index, loaded: &self.loaded })
    }
}

#[diagnostic::do_not_recommend]
impl NaturalItem for &Collection {
    type Param = TrainDataParam;
}

impl fmt::Debug for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.iter().map(|key| (&key.info().source, &key.info().key));
        f.debug_struct("Collection")
            .field("keys", &keys.collect::<Vec<_>>())
            .field("trains", &self.train_ids.len())
            .finish()
    }
}

impl fmt::Debug for CollectionReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectionReader").field("loaded", &self.loaded).finish_non_exhaustive()
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries of {}, {}", self.count, self.info.source, self.info.key)
    }
}
