//! The built-in merges of `#[reduce(…)]`: what they are called, and the types that do them.

/// Each merge by its word, and its type in `pasha::merge`.
const MERGES: [(&str, &str); 6] = [
    ("sum", "Sum"),
    ("product", "Product"),
    ("min", "Min"),
    ("max", "Max"),
    ("any", "Any"),
    ("all", "All"),
];

/// The type of the merge of this name.
pub(crate) fn type_of(name: &syn::Ident) -> Option<&'static str> {
    MERGES.iter().find(|(word, _)| name == word).map(|(_, merge)| *merge)
}

/// All words, for messages: `` `sum`, `product`, … ``.
pub(crate) fn words() -> String {
    quoted(&MERGES)
}

/// All words but the first, for messages that have that one in an example.
pub(crate) fn words_but_the_first() -> String {
    quoted(&MERGES[1..])
}

fn quoted(merges: &[(&str, &str)]) -> String {
    let words: Vec<_> = merges.iter().map(|(word, _)| format!("`{word}`")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_names_all_merges() {
        assert!(include_str!("lib.rs").contains(&words()));
        assert!(include_str!("../../README.md").contains(&words()));
        let told = include_str!("../../pasha/src/output/merge.rs");
        let note = told.split("note = \"").nth(1).and_then(|it| it.split('"').next()).unwrap();
        let missing = |(word, _): &(&str, &str)| !note.contains(&format!("`{word}`"));
        assert!(!MERGES.iter().any(missing), "{note}");
    }
}
