//! What stands around a kernel in its source file.
//!
//! The attribute is given its function alone. A generated name that is taken, or an `impl` block
//! around the function, is first seen by rustc, which reports it at each place where the name is
//! used. So the file is read again where it may have such a thing, and one error says what to do.
//! Whatever can't be told for sure is left to rustc: items that depend on a configuration, what
//! stands in macros, and functions that are found in several places.

mod items;

use std::cell::RefCell;
use std::rc::Rc;

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
    let places = places(file);
    let items =
        places.iter().flat_map(|(place, all)| (0..all.len()).map(move |it| (place, all, it)));
    let is_this = |item: &Item| item.is_kernel && item.signature.as_ref() == Some(&signature);
    let found: Vec<_> = items
        .filter(|&(_, all, number)| is_this(&all[number]))
        .map(|(place, all, number)| of_item(*place, all, number, outputs.as_deref()))
        .collect();
    let (first, rest) = found.split_first()?;
    first.filter(|_| rest.iter().all(|other| other == first))
}

/// The items of each place in a file.
type Places = Rc<Vec<(Place, Vec<Item>)>>;

/// The items of a file; of the last one, which may have many kernels, as found before.
fn places(file: &str) -> Places {
    thread_local! {
        static LAST: RefCell<Option<(String, Places)>> = const { RefCell::new(None) };
    }
    if let Some(known) = LAST.with_borrow(|last| {
        last.as_ref().filter(|(text, _)| text == file).map(|(_, places)| Rc::clone(places))
    }) {
        return known;
    }
    let mut found = Vec::new();
    let without_compiler = WithoutCompiler::new();
    if let Ok(tokens) = file.parse() {
        items::visit(tokens, &mut |place, items| found.push((place, items)));
    }
    drop(without_compiler);
    let places = Rc::new(found);
    LAST.set(Some((file.to_owned(), Rc::clone(&places))));
    places
}

/// While this lives, text becomes tokens without the compiler, which takes all text for one of this
/// crate's edition, and reports what is no token in that.
///
/// Neither may tokens of the compiler be used meanwhile, nor these afterwards.
struct WithoutCompiler;

impl WithoutCompiler {
    fn new() -> Self {
        proc_macro2::fallback::force();
        WithoutCompiler
    }
}

impl Drop for WithoutCompiler {
    fn drop(&mut self) {
        proc_macro2::fallback::unforce();
    }
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
