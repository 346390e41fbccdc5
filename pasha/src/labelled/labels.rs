//! The labels of an array: its name, its dimensions' names, coordinates and attributes.

use std::collections::BTreeMap;

use super::attribute::Attribute;
use super::coordinate::Coordinate;
#[cfg(any(feature = "netcdf", feature = "zarr"))]
use super::element::Access;
use crate::error::{Error, Result};
use crate::nearest::nearest;

/// All that an array carries beside its elements.
///
/// A [`DataArray`](super::DataArray) and a [`StoredArray`](super::DataArray) deref to it.
///
/// # Examples
/// ```
/// use pasha::DataArray;
/// use pasha::labelled::Labels;
///
/// /// `counts (time, energy)`.
/// fn describe(labels: &Labels) -> String {
///     format!("{} ({})", labels.name().unwrap_or("data"), labels.dims().join(", "))
/// }
///
/// let spectra = DataArray::new(ndarray::Array2::<u32>::zeros((10, 512)), ["time", "energy"])?;
/// assert_eq!(describe(&spectra.with_name("counts")), "counts (time, energy)");
/// # Ok::<(), pasha::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    pub(super) name: Option<String>,
    pub(super) dims: Vec<String>,
    pub(super) coords: BTreeMap<String, Coordinate>,
    pub(super) attrs: BTreeMap<String, Attribute>,
}

impl Labels {
    /// The array's name, under which it lies in a file.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?;
    /// assert_eq!(spectrum.name(), None);
    /// assert_eq!(spectrum.with_name("counts").name(), Some("counts"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The dimensions' names, in the order of the axes.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectra = DataArray::new(ndarray::Array2::<u32>::zeros((10, 512)), ["time", "energy"])?;
    /// assert_eq!(spectra.dims(), ["time", "energy"]);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// The coordinates by name; that of a dimension has its name.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?
    ///     .with_coord("energy", [7000.0, 7000.5])?;
    /// assert_eq!(spectrum.coords()["energy"].get(0).unwrap().to_f64(), 7000.0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn coords(&self) -> &BTreeMap<String, Coordinate> {
        &self.coords
    }

    /// The attributes by name.
    ///
    /// # Examples
    /// ```
    /// use pasha::DataArray;
    ///
    /// let spectrum = DataArray::new(ndarray::array![10.0, 20.0], ["energy"])?;
    /// assert!(spectrum.with_attr("units", "counts").attrs().contains_key("units"));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn attrs(&self) -> &BTreeMap<String, Attribute> {
        &self.attrs
    }

    /// The axis that a dimension has.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such dimension, with the nearest that there are.
    ///
    /// # Examples
    /// ```
    /// use ndarray::Axis;
    /// use pasha::DataArray;
    ///
    /// let spectra = DataArray::new(ndarray::Array2::<u32>::zeros((10, 512)), ["time", "energy"])?;
    /// assert_eq!(spectra.axis("energy")?, Axis(1));
    /// assert!(spectra.axis("enrgy").unwrap_err().to_string().contains("\"energy\""));
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn axis(&self, dim: &str) -> Result<ndarray::Axis> {
        let axis = self.dims.iter().position(|name| name == dim);
        axis.map(ndarray::Axis).ok_or_else(|| self.no_dimension(dim))
    }

    fn no_dimension(&self, dim: &str) -> Error {
        Error::Argument {
            argument: "the dimension".to_owned(),
            value: format!("{dim:?}"),
            advice: format!(
                "the array has no such dimension, {}",
                nearest(dim, self.dims.iter().map(String::as_str))
            ),
        }
    }

    /// Names the dimensions, which are as many as the axes and all different.
    pub(super) fn name_dims(&mut self, dims: Vec<String>, ndim: usize) -> Result<()> {
        let refused = |advice: String| Error::Argument {
            argument: "the list of dimensions".to_owned(),
            value: format!("{dims:?}"),
            advice,
        };
        if dims.len() != ndim {
            return Err(refused(format!("the array has {ndim} axes, each needs one name")));
        }
        let again = dims.iter().enumerate().find(|(at, name)| dims[..*at].contains(name));
        if let Some((_, name)) = again {
            return Err(refused(format!("two axes can't both be called {name:?}")));
        }
        self.dims = dims;
        Ok(())
    }

    /// Names the dimensions as a file does, where a matrix may have one dimension twice.
    ///
    /// Raw access numbers the other axes of one name: of `(x, x)` it makes `(x, x_1)`.
    #[cfg(any(feature = "netcdf", feature = "zarr"))]
    pub(super) fn name_stored_dims(
        &mut self,
        mut dims: Vec<String>,
        access: Access,
    ) -> Result<(), String> {
        let stored = dims.clone();
        for axis in 1..dims.len() {
            if !dims[..axis].contains(&dims[axis]) {
                continue;
            }
            let mut numbered = (1..).map(|number| format!("{}_{number}", stored[axis]));
            let Some(name) = numbered.find(|name| !dims.contains(name)) else { continue };
            if access == Access::Decoded {
                return Err(format!(
                    "its dimensions are {stored:?}, and two axes can't both be called {:?}; open \
                     it with from_netcdf_raw or from_zarr_raw, which call the other one {name:?}",
                    stored[axis]
                ));
            }
            dims[axis] = name;
        }
        self.dims = dims;
        Ok(())
    }

    /// Adds a coordinate to an array of this shape.
    pub(super) fn add_coord(
        &mut self,
        name: String,
        coordinate: Coordinate,
        shape: &[usize],
    ) -> Result<()> {
        let (dims, lens) = (&coordinate.dims, &coordinate.shape);
        let refused = |value: String, advice: String| {
            Err(Error::Argument { argument: format!("the coordinate {name:?}"), value, advice })
        };
        if dims.len() != lens.len() {
            let advice = format!("its array has {} axes, each needs one name", lens.len());
            return refused(format!("along {dims:?}"), advice);
        }
        for (at, (dim, &found)) in dims.iter().zip(lens).enumerate() {
            if dims[..at].contains(dim) {
                let advice = format!("two of its axes can't both be called {dim:?}");
                return refused(format!("along {dims:?}"), advice);
            }
            let len = shape[self.axis(dim)?.index()];
            if found != len {
                let advice = format!("the dimension {dim:?} has length {len}");
                return refused(format!("of {found} values along {dim:?}"), advice);
            }
        }
        if self.dims.contains(&name) && !dims.contains(&name) {
            let advice =
                format!("it is named like a dimension, but lies along {dims:?}: rename it");
            return refused(format!("of {} values", coordinate.values.len()), advice);
        }
        self.coords.insert(name, coordinate);
        Ok(())
    }

    /// Gives a dimension another name, and its coordinate with it.
    pub(super) fn rename(&mut self, old: &str, new: &str) -> Result<()> {
        let axis = self.axis(old)?.index();
        if old != new && self.coords.contains_key(new) {
            return Err(Error::Argument {
                argument: "the dimension's new name".to_owned(),
                value: format!("{new:?}"),
                advice: "a coordinate has that name, and would be lost".to_owned(),
            });
        }
        let mut dims = self.dims.clone();
        new.clone_into(&mut dims[axis]);
        let ndim = dims.len();
        self.name_dims(dims, ndim)?;
        for dim in self.coords.values_mut().flat_map(|coordinate| &mut coordinate.dims) {
            if dim == old {
                new.clone_into(dim);
            }
        }
        if let Some(coordinate) = self.coords.remove(old) {
            self.coords.insert(new.to_owned(), coordinate);
        }
        Ok(())
    }
}
