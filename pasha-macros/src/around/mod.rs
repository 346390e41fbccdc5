//! What stands around a kernel in its source file.
//!
//! The attribute is given its function alone. A generated name that is taken, or an `impl` block
//! around the function, is first seen by rustc, which reports it at each place where the name is
//! used. So the file is read again where it may have such a thing, and one error says what to do.
//! Whatever can't be told for sure is left to rustc: items that depend on a configuration, what
//! stands in macros, and functions that are found in several places.

mod items;

use proc_macro2::TokenStream;
use syn::Error;

use crate::model::Kernel;
use items::{Item, Place};

/// Why a kernel can't stand where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// It stands in an `impl` block, or in a trait.
    Inside(&'static str),
    /// A kernel before it has its name.
    OfKernels,
    /// A type or module has its name; the word of that.
    OfType(&'static str),
    /// A function, constant or static has its name; the word of that.
    OfValue(&'static str),
    /// An item has the name of its outputs' struct; the word of that.
    OfOutputs(&'static str),
}

/// What is wrong around this function, as the text of its file tells.
pub(crate) fn clash(kernel: &Kernel, function: TokenStream, file: &str) -> Option<Clash> {
    let outputs = kernel.has_output_struct().then(|| kernel.output_struct().to_string());
    let may_clash = outputs.as_deref().is_some_and(|outputs| file.contains(outputs))
        || may_be_twice_or_within(file, &kernel.sig.ident.to_string());
    if !may_clash {
        return None;
    }
    let signature = items::of(function).pop()?.signature?;
    let mut found = Vec::new();
    items::visit(file.parse().ok()?, &mut |place, all| {
        for (number, item) in all.iter().enumerate() {
            if item.is_kernel && item.signature.as_ref() == Some(&signature) {
                found.push(of_item(place, all, number, outputs.as_deref()));
            }
        }
    });
    let (first, rest) = found.split_first()?;
    first.filter(|_| rest.iter().all(|other| other == first))
}

/// Whether a second item may have this function's name, or an `impl` be around it, by a quick look
/// at the text.
fn may_be_twice_or_within(file: &str, name: &str) -> bool {
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let lines_before = file.match_indices(name).filter_map(|(at, _)| {
        let (before, behind) = (&file[..at], &file[at + name.len()..]);
        let is_whole = !before.ends_with(is_of_name) && !behind.starts_with(is_of_name);
        let before = before.trim_end();
        let is_defined = is_whole && items::WORDS.iter().any(|word| before.ends_with(word));
        is_defined.then(|| before.rsplit('\n').next().unwrap_or_default())
    });
    let is_within: Vec<_> = lines_before
        .map(|line| line.starts_with(char::is_whitespace) || line.contains('{'))
        .collect();
    is_within.len() > 1 || is_within.contains(&true)
}

/// What is wrong around one item of a place.
fn of_item(place: Place, all: &[Item], number: usize, outputs: Option<&str>) -> Option<Clash> {
    let item = &all[number];
    if item.is_conditional {
        return None;
    }
    match place {
        Place::Impl => return Some(Clash::Inside("an `impl` block")),
        Place::Trait => return Some(Clash::Inside("a trait")),
        Place::Module | Place::Block => {}
    }
    let find = |name: &str, is_meant: &dyn Fn(usize, &Item) -> bool| {
        all.iter().enumerate().find_map(|(other, it)| {
            let is_other = other != number && !it.is_conditional;
            let is_found = is_other && it.names.iter().any(|it| it == name) && is_meant(other, it);
            is_found.then_some(it.word)
        })
    };
    let name = item.names.first()?;
    // The first of two is a kernel as any.
    let is_before = |other: usize, it: &Item| {
        it.is_kernel && (other < number || it.signature == item.signature)
    };
    if find(name, &is_before).is_some() {
        return Some(Clash::OfKernels);
    }
    // An import may be one of a macro, or of a module.
    match find(name, &|_, it| !it.is_kernel && it.word != "use") {
        Some(word @ ("fn" | "const" | "static")) => return Some(Clash::OfValue(word)),
        Some(word) => return Some(Clash::OfType(word)),
        None => {}
    }
    find(outputs?, &|_, it| !["fn", "const", "static"].contains(&it.word)).map(Clash::OfOutputs)
}

impl Clash {
    /// What is said of it, at the name of the function.
    pub(crate) fn error(self, kernel: &Kernel) -> Error {
        let name = &kernel.sig.ident;
        let message = match self {
            Clash::Inside(place) => format!(
                "a kernel is a free function, and this is in {place}, which has no room for the \
                 type that belongs to it: move the function out of it"
            ),
            Clash::OfKernels => {
                format!("there is a kernel `{name}` here already: give one of the two another name")
            }
            Clash::OfType(word) => format!(
                "a kernel has a type of its name, and there is `{word} {name}` here already: give \
                 one of the two another name"
            ),
            Clash::OfValue(word) => {
                format!("there is `{word} {name}` here already: give one of the two another name")
            }
            Clash::OfOutputs(word) => {
                let outputs = kernel.output_struct();
                let there = match word {
                    "use" => format!("an import of `{outputs}`"),
                    word => format!("`{word} {outputs}`"),
                };
                format!(
                    "the outputs of this kernel would come in a struct `{outputs}`, and there is \
                     {there} here already: name them otherwise, e.g. \
                     `#[pasha::kernel(output = {outputs}s)]`"
                )
            }
        };
        Error::new(name.span(), message)
    }
}
