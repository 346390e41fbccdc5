//! A context of whatever kind.

use super::Context;

/// Any context, such as one that was chosen by a text: `"threads:4".parse::<AnyContext>()?`.
pub type AnyContext = Box<dyn Context>;
