//! Coordinates: what the indices along dimensions stand for.

use std::collections::BTreeMap;

use ndarray::{ArrayView, Dimension};

use super::attribute::Attribute;
use super::time::{CalendarTime, Time, TimeUnits};
use super::values::{CoordinateValue, Values};

/// The values along some dimensions, with attributes such as their units.
///
/// Most coordinates lie along one dimension. Those of a curved grid lie along several, such as the
/// latitude along `y` and `x`; a scalar, such as the time of a whole image, lies along none.
///
/// # Examples
/// ```
/// use pasha::labelled::Coordinate;
///
/// let energy = Coordinate::new("channel", [7000.0, 7000.5]).with_attr("units", "eV");
/// assert_eq!((energy.dims(), energy.shape()), (&["channel".to_owned()][..], &[2][..]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    pub(super) dims: Vec<String>,
    /// The length of each dimension, whose product is the number of values.
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
    pub(super) attrs: BTreeMap<String, Attribute>,
    /// Why numbers with units of time were not decoded.
    pub(super) undecoded: Option<String>,
}

impl Coordinate {
    /// A coordinate of these values along the dimension `dim`.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// let shot = Coordinate::new("time", [17, 18, 19]);
    /// assert_eq!(shot.values().len(), 3);
    /// ```
    pub fn new(dim: impl Into<String>, values: impl Into<Values>) -> Self {
        let values = values.into();
        let (dims, shape) = (vec![dim.into()], vec![values.len()]);
        Coordinate { dims, shape, values, attrs: BTreeMap::new(), undecoded: None }
    }

    /// A coordinate along several dimensions, one name for each axis of the array, whose values
    /// are copied.
    ///
    /// It is checked when it is added to an array.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array2, Array3};
    /// use pasha::DataArray;
    /// use pasha::labelled::Coordinate;
    ///
    /// let latitude = Array2::from_shape_fn((2, 4), |(y, x)| 40.0 + y as f64 + 0.1 * x as f64);
    /// let sst = DataArray::new(Array3::<f32>::zeros((3, 2, 4)), ["time", "y", "x"])?
    ///     .with_coordinate("lat", Coordinate::from_array(["y", "x"], latitude.view()))?
    ///     .with_coordinate("run", Coordinate::scalar(17))?;
    /// assert_eq!(sst.coords()["lat"].at(&[1, 2]).unwrap().to_f64(), 41.2);
    /// assert_eq!(sst.coords()["run"].dims().len(), 0);
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn from_array<N: Into<String>, T: Clone, D: Dimension>(
        dims: impl IntoIterator<Item = N>,
        array: ArrayView<'_, T, D>,
    ) -> Self
    where
        Vec<T>: Into<Values>,
    {
        let values: Vec<T> = array.iter().cloned().collect();
        Coordinate {
            dims: dims.into_iter().map(Into::into).collect(),
            shape: array.shape().to_vec(),
            values: values.into(),
            attrs: BTreeMap::new(),
            undecoded: None,
        }
    }

    /// A coordinate of one value, for all of the array.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// let wavelength = Coordinate::scalar(0.5).with_attr("units", "Å");
    /// assert!(wavelength.dims().is_empty());
    /// assert_eq!(wavelength.get(0).unwrap().to_f64(), 0.5);
    /// ```
    pub fn scalar<T: Clone>(value: T) -> Self
    where
        Vec<T>: Into<Values>,
    {
        Self::from_array(Vec::<String>::new(), ndarray::arr0(value).view())
    }

    /// Adds an attribute, such as the units.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// let energy = Coordinate::new("channel", [7000.0, 7000.5]).with_attr("units", "eV");
    /// assert_eq!(energy.attrs()["units"].as_text(), Some("eV"));
    /// ```
    #[must_use]
    pub fn with_attr(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.attrs.insert(name.into(), value.into());
        self
    }

    /// The dimensions along which it lies, none for a scalar.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// assert_eq!(Coordinate::new("time", [0.0, 0.1]).dims(), ["time"]);
    /// ```
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// The length of each dimension.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// assert_eq!(Coordinate::new("time", [0.0, 0.1]).shape(), [2]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its values; of several dimensions the last changes fastest.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Coordinate, Values};
    ///
    /// let time = Coordinate::new("time", [0.0, 0.1]);
    /// assert_eq!(*time.values(), Values::Float(vec![0.0, 0.1]));
    /// ```
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its attributes by name.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// let time = Coordinate::new("time", [0.0, 0.1]).with_attr("units", "s");
    /// assert_eq!(time.attrs().len(), 1);
    /// ```
    pub fn attrs(&self) -> &BTreeMap<String, Attribute> {
        &self.attrs
    }

    /// The value at an index along the only dimension, or at a place among all
    /// [`values`](Coordinate::values); `None` beyond the last.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::{Coordinate, CoordinateValue};
    ///
    /// let time = Coordinate::new("time", [0.0, 0.1]);
    /// assert_eq!(time.get(1), Some(CoordinateValue::Float(0.1)));
    /// assert_eq!(time.get(2), None);
    /// ```
    #[inline]
    pub fn get(&self, index: usize) -> Option<CoordinateValue<'_>> {
        self.values.get(index)
    }

    /// The value at an index along each dimension; `None` beyond the last, and if there are more
    /// or fewer dimensions.
    ///
    /// # Examples
    /// ```
    /// use pasha::labelled::Coordinate;
    ///
    /// let latitude = ndarray::array![[40.0, 40.1], [41.0, 41.1]]; // (y, x), in degrees
    /// let latitude = Coordinate::from_array(["y", "x"], latitude.view());
    /// assert_eq!(latitude.at(&[1, 0]).unwrap().to_f64(), 41.0);
    /// assert!(latitude.at(&[1]).is_none());
    /// ```
    pub fn at(&self, index: &[usize]) -> Option<CoordinateValue<'_>> {
        let is_inside = index.len() == self.shape.len()
            && index.iter().zip(&self.shape).all(|(index, len)| index < len);
        let place =
            index.iter().zip(&self.shape).fold(0, |place, (index, len)| place * len + index);
        if is_inside { self.values.get(place) } else { None }
    }

    /// What is left at an index along a dimension: itself, if it does not lie along that; `None`
    /// beyond the last.
    pub(super) fn select(&self, dim: &str, index: usize) -> Option<Coordinate> {
        let mut selected = self.at_indices(dim, &[index])?;
        if let Some(axis) = self.axis(dim) {
            selected.dims.remove(axis);
            selected.shape.remove(axis);
        }
        Some(selected)
    }

    /// What is at some indices along a dimension, in their order: itself, if it does not lie along
    /// that; `None` if an index is beyond the last.
    pub(super) fn at_indices(&self, dim: &str, indices: &[usize]) -> Option<Coordinate> {
        let Some(axis) = self.axis(dim) else { return Some(self.clone()) };
        let len = self.shape[axis];
        if indices.iter().any(|&index| index >= len) {
            return None;
        }
        let inner: usize = self.shape[axis + 1..].iter().product();
        let outer: usize = self.shape[..axis].iter().product();
        let places = (0..outer).flat_map(|outer| {
            indices.iter().flat_map(move |index| {
                let start = (outer * len + index) * inner;
                start..start + inner
            })
        });
        let mut shape = self.shape.clone();
        shape[axis] = indices.len();
        Some(self.with_values(shape, self.values.at(places)))
    }

    /// This coordinate and, behind it along a dimension, another; itself, if neither lies along
    /// that and both are the same. `None` if they do not fit.
    pub(super) fn join(&self, other: &Coordinate, dim: &str) -> Option<Coordinate> {
        let Some(axis) = self.axis(dim) else { return (self == other).then(|| self.clone()) };
        let fits = |(at, (one, other)): (usize, (&usize, &usize))| at == axis || one == other;
        if self.dims != other.dims
            || self.attrs != other.attrs
            || !self.shape.iter().zip(&other.shape).enumerate().all(fits)
        {
            return None;
        }
        let both = self.values.joined(&other.values)?;
        // The places of all among the values of one behind those of the other.
        let inner: usize = self.shape[axis + 1..].iter().product();
        let outer: usize = self.shape[..axis].iter().product();
        let (own, others) = (self.shape[axis] * inner, other.shape[axis] * inner);
        let start = self.values.len();
        let places = (0..outer).flat_map(|outer| {
            (outer * own..(outer + 1) * own)
                .chain(start + outer * others..start + (outer + 1) * others)
        });
        let mut shape = self.shape.clone();
        shape[axis] += other.shape[axis];
        Some(self.with_values(shape, both.at(places)))
    }

    fn with_values(&self, shape: Vec<usize>, values: Values) -> Coordinate {
        Coordinate {
            dims: self.dims.clone(),
            shape,
            values,
            attrs: self.attrs.clone(),
            undecoded: self.undecoded.clone(),
        }
    }

    fn axis(&self, dim: &str) -> Option<usize> {
        self.dims.iter().position(|name| name == dim)
    }

    /// Whether it lies along this dimension alone.
    pub(super) fn is_along(&self, dim: &str) -> bool {
        matches!(&self.dims[..], [only] if only == dim)
    }

    /// Why the numbers are not decoded to times, although they count `… since …`; `None` where
    /// nothing is wrong.
    ///
    /// Such a coordinate keeps its numbers as the file has them, and all attributes.
    ///
    /// # Examples
    /// ```no_run
    /// # use ndarray::Ix1;
    /// # use pasha::DataArray;
    /// # #[cfg(feature = "netcdf")] {
    /// let heat = DataArray::<f64, Ix1>::from_netcdf("heat.nc", "heat")?;
    /// for (name, coordinate) in heat.coords() {
    ///     if let Some(reason) = coordinate.undecoded() {
    ///         eprintln!("{name}: {reason}");
    ///     }
    /// }
    /// # }
    /// # Ok::<(), pasha::Error>(())
    /// ```
    pub fn undecoded(&self) -> Option<&str> {
        self.undecoded.as_deref()
    }

    /// Turns numbers with `units: … since …` into times, as xarray does, and leaves others alone.
    /// Where `missing` has a `true`, there is no time, whatever the number is.
    ///
    /// Of [`Time`]s, the attributes that say how they were written are dropped: they are written
    /// anew. [`CalendarTime`]s keep them.
    #[cfg_attr(not(any(feature = "netcdf", feature = "zarr")), allow(dead_code))]
    pub(super) fn decode_times(mut self, missing: &[bool]) -> Self {
        let text = |name: &str| self.attrs.get(name).and_then(Attribute::as_text);
        let Some(units) = text("units").filter(|_| self.values.are_numbers()) else { return self };
        let Some(found) = TimeUnits::find(units, text("calendar")) else { return self };
        let decoded = found.and_then(|units| Ok((units, units.decode_values(&self.values)?)));
        match decoded {
            Ok((units, mut times)) => {
                match &mut times {
                    Values::Time(times) => set(times, missing, Time::MISSING),
                    Values::CalendarTime(times) => {
                        set(times, missing, CalendarTime::missing(units.calendar()));
                    }
                    _ => {}
                }
                if matches!(times, Values::Time(_)) {
                    self.attrs.remove("units");
                    self.attrs.remove("calendar");
                }
                self.values = times;
            }
            Err(reason) => {
                self.undecoded = Some(format!("its units {units:?} are not decoded: {reason}"));
            }
        }
        self
    }
}

/// Sets the values whose places are marked.
fn set<T: Copy>(values: &mut [T], places: &[bool], to: T) {
    for (value, _) in values.iter_mut().zip(places).filter(|(_, place)| **place) {
        *value = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_along_one_dimension_leaves_the_others() {
        let array =
            ndarray::Array3::from_shape_fn((2, 3, 4), |(a, b, c)| (a * 12 + b * 4 + c) as i64);
        let coordinate = Coordinate::from_array(["a", "b", "c"], array.view());
        for (axis, dim) in ["a", "b", "c"].into_iter().enumerate() {
            for index in 0..array.shape()[axis] {
                let selected = coordinate.select(dim, index).unwrap();
                let expected = array.index_axis(ndarray::Axis(axis), index);
                let values: Vec<i64> = expected.iter().copied().collect();
                assert_eq!(selected.values(), &Values::Integer(values));
                assert_eq!(selected.shape(), expected.shape());
            }
            assert_eq!(coordinate.select(dim, 4), None);
        }
        assert_eq!(coordinate.select("d", 0), Some(coordinate.clone()));
        assert_eq!(coordinate.at(&[1, 2, 3]), Some(CoordinateValue::Integer(23)));
        assert_eq!(coordinate.at(&[1, 2, 4]), None);
        assert_eq!(coordinate.at(&[1, 2]), None);
    }
}
