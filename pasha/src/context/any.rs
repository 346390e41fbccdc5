//! A context of whatever kind.

use super::{Context, SerialContext, as_another};
use crate::options::{ContextOptions, Options};

/// Any context, such as one that was chosen by a text: `"threads:4".parse::<AnyContext>()?`.
///
/// It has all options, by [`ContextOptions`], whatever is in it.
///
/// # Examples
/// ```
/// use pasha::{AnyContext, CancelToken, ContextOptions, Error};
///
/// let token = CancelToken::new();
/// let context = "processes:2".parse::<AnyContext>()?.cancel_token(&token);
/// token.cancel();
/// let outcome = pasha::map_in(&context, 0..1000_u64, |_, _, n| n);
/// assert!(matches!(outcome, Err(Error::Cancelled { .. })));
/// # Ok::<(), pasha::Error>(())
/// ```
pub type AnyContext = Box<dyn Context>;

impl ContextOptions for AnyContext {
    fn options_mut(&mut self) -> &mut Options {
        if (**self).wrapped_options_mut().is_none() {
            let inner = std::mem::replace(self, Box::new(SerialContext::new()));
            let options = inner.options().clone();
            *self = Box::new(Wrapped { inner, options });
        }
        (**self).wrapped_options_mut().expect("it is wrapped")
    }
}

/// A context with other options.
#[derive(Debug)]
struct Wrapped {
    inner: AnyContext,
    options: Options,
}

impl Context for Wrapped {
    as_another!(|context| context.inner);

    fn options(&self) -> &Options {
        &self.options
    }

    fn wrapped_options_mut(&mut self) -> Option<&mut Options> {
        Some(&mut self.options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Splitting;
    use std::time::Duration;

    #[test]
    fn options_are_added_to_those_of_the_text() {
        for text in ["serial,skip=3", "threads:2,skip=3", "processes:2,skip=3"] {
            let context: AnyContext = text.parse().unwrap();
            let (workers, memory) = (context.num_workers(), context.memory());
            let context = context.deadline(Duration::from_secs(9)).static_split();
            let options = context.options();
            assert_eq!(options.on_failure.may_skip(), Some(3), "{text}");
            assert_eq!(options.deadline, Some(Duration::from_secs(9)), "{text}");
            assert_eq!(options.splitting, Splitting::Static, "{text}");
            assert_eq!((context.num_workers(), context.memory()), (workers, memory), "{text}");
        }
    }
}
