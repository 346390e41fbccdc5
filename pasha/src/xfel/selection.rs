//! What is selected of a run: sources, and keys of them.

use std::collections::{BTreeMap, BTreeSet};

use glob::Pattern;

use crate::error::{Error, Result};

/// The selected sources, each with the keys that are selected of it, if those are not all.
pub(super) type Selection = BTreeMap<String, Option<BTreeSet<String>>>;

/// A pattern of the shell: `*`, `?`, `[abc]`, `[!abc]`.
pub(super) fn pattern(text: &str) -> Result<Pattern> {
    let mut shortened = text.to_owned();
    // Two stars mean the same as one, as `/` is a letter like any other.
    while shortened.contains("**") {
        shortened = shortened.replace("**", "*");
    }
    Pattern::new(&shortened).map_err(|error| Error::Argument {
        argument: "pattern".to_owned(),
        value: format!("{text:?}"),
        advice: format!("it can't be understood ({}); write a [ as [[]", error.msg),
    })
}

/// Adds one selection to another.
pub(super) fn unite(into: &mut Selection, other: Selection) {
    for (name, keys) in other {
        match (into.get_mut(&name), keys) {
            (None, keys) => {
                into.insert(name, keys);
            }
            (Some(all), None) => *all = None,
            (Some(Some(some)), Some(keys)) => some.extend(keys),
            (Some(None), Some(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns_are_those_of_the_shell_and_know_no_folders() {
        assert!(pattern("*/CAM/*").unwrap().matches("FXE_XAD_GEC/CAM/CAMERA:daqOutput"));
        assert!(pattern("**CH[0-3]:*").unwrap().matches("SPB_DET/DET/1CH0:xtdf"));
        assert!(!pattern("*cam*").unwrap().matches("FXE_XAD_GEC/CAM/CAMERA"));
        assert!(pattern("[").is_err());
    }
}
