//! What the elements of a data set are in the file, and as what they are read.
//!
//! That is plain data (`stored_type`), which is told in words (`text`). It is found out from what
//! libhdf5 says of a type (`describe`, by its class `numbers`, `compound` or `refused`), and says
//! as what libhdf5 is to read (`native`).

mod compound;
mod datatype;
mod describe;
mod native;
mod numbers;
mod refused;
mod stored_type;
mod text;

#[cfg(feature = "xfel")]
pub(crate) use describe::describe;
pub(super) use stored_type::{
    CompoundMember, ConversionPlan, Convert, MemberCopy, Nature, StoredType,
};
pub(super) use text::{advice, listed};
