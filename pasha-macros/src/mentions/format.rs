//! Names in the braces of a format string: `"{name}"`, `"{value:>width$}"`.

use proc_macro2::Ident;
use syn::LitStr;

/// The names that a format string captures, each at the place of the string.
pub(super) fn captures(text: &LitStr) -> Vec<Ident> {
    let value = text.value().replace("{{", "").replace("}}", "");
    let mut names = Vec::new();
    let mut rest = value.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let Some((inside, after)) = after.split_once('}') else { break };
        let (argument, spec) = inside.split_once(':').unwrap_or((inside, ""));
        names.push(argument.trim());
        // The width and the precision: what is before a `$`.
        for part in spec.split_inclusive('$').filter_map(|part| part.strip_suffix('$')) {
            names.extend(
                part.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next(),
            );
        }
        rest = after;
    }
    // `{type}` captures `r#type`.
    let is_ident = |text: &str| syn::parse_str::<Ident>(text).is_ok();
    let is_name = |name: &&str| is_ident(name) || is_ident(&format!("r#{name}"));
    names.into_iter().filter(is_name).map(|name| Ident::new(name, text.span())).collect()
}
