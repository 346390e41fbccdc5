//! The integration tests, a subject in each file.

mod allocation;
mod bound;
mod contexts;
mod design;
mod documentation;
mod elements;
mod failures;
mod files;
mod functions;
mod functors;
mod generics;
mod hostile;
mod items;
mod labelled;
mod layers;
mod npy;
mod pages;
mod pushed;
mod python;
mod ranks;
mod returns;
mod roles;
mod saxs;
mod saxs_pyfai;
mod shares;
mod streaming;
