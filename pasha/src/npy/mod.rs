//! The `.npy` format of NumPy: its header, and the elements that both sides know.
//!
//! The crates that parse such headers (ndarray-npy, npyz) bring a parser generator, numbers of any
//! size and a dozen other crates along, refuse what older NumPys have written (`2L`, elements that
//! begin at any byte), and take shapes whose size overflows. The header is a Python dictionary of
//! three entries; it is read here, strictly.
//!
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod element;
mod header;
mod literal;

pub use element::NpyElement;
pub(crate) use element::{ElementFit, descr_of, fit};
pub(crate) use header::{Header, parse, write};
