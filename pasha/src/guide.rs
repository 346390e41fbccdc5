#![doc = include_str!("../docs/guide/index.md")]

#[doc = include_str!("../docs/guide/attribute.md")]
pub mod attribute {}

#[doc = include_str!("../docs/guide/items.md")]
pub mod items {}

#[doc = include_str!("../docs/guide/selections.md")]
pub mod selections {}

#[doc = include_str!("../docs/guide/contexts.md")]
pub mod contexts {}

#[doc = include_str!("../docs/guide/forks.md")]
pub mod forks {}

#[doc = include_str!("../docs/guide/files.md")]
#[cfg_attr(feature = "hdf5", doc = include_str!("../docs/guide/files_hdf5.md"))]
#[cfg_attr(feature = "xfel", doc = include_str!("../docs/guide/files_xfel.md"))]
#[cfg_attr(feature = "netcdf", doc = include_str!("../docs/guide/files_netcdf.md"))]
#[cfg_attr(feature = "zarr", doc = include_str!("../docs/guide/files_zarr.md"))]
pub mod files {}

#[doc = include_str!("../docs/guide/jobs.md")]
pub mod jobs {}

#[doc = include_str!("../docs/guide/generics.md")]
pub mod generics {}

#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/guide/from_python.md")]
pub mod from_python {}

#[doc = include_str!("../docs/guide/from_rayon.md")]
pub mod from_rayon {}

#[doc = include_str!("../docs/guide/from_joblib.md")]
pub mod from_joblib {}

#[doc = include_str!("../docs/guide/faq.md")]
pub mod faq {}
