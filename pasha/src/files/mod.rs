//! Files that pasha opens itself: regular ones alone, with descriptors that are not those of the
//! standard streams, and none of them twice where one of the two writes.

mod claim;
mod descriptor;
mod identity;
mod open;
mod opened;
mod reserve;
mod target;

pub(crate) use claim::{
    ClaimError, ExclusiveUse, FileClaim, HeldClaims, ReadLock, check_replaceable, in_turn,
};
#[cfg(feature = "netcdf")]
pub(crate) use descriptor::StandardPlaces;
pub(crate) use descriptor::above_standard;
pub(crate) use identity::{FileIdentity, random_mark};
#[cfg(feature = "netcdf")]
pub(crate) use open::check as check_regular;
pub(crate) use open::open_regular;
#[cfg(any(feature = "hdf5", feature = "zarr"))]
pub(crate) use open::other_than_regular;
pub(crate) use opened::OpenedFile;
pub(crate) use reserve::reserve;
pub(crate) use target::target;

/// Bytes of elements that are read together where they do not lie in chunks.
#[cfg_attr(
    not(any(feature = "hdf5", feature = "zarr")),
    allow(dead_code, reason = "formats use it")
)]
pub(crate) const UNCHUNKED_BYTES: usize = 1 << 20;
