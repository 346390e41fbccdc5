//! What is generated, as files to be read: `tests/expand/NAME.rs` holds kernels, and
//! `NAME.expanded.rs` what becomes of them. With `PASHA_BLESS=1` the latter are written anew.

use std::path::PathBuf;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, File, Item, Meta};

use crate::attribute;

fn compare(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let source = fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap();
    let mut file = syn::parse_file(&source).unwrap();
    let mut expanded = Vec::new();
    for item in &mut file.items {
        match item {
            Item::Fn(function) => {
                let (kernel, others) =
                    function.attrs.drain(..).partition(|attr| attr.path().is_ident("kernel"));
                function.attrs = others;
                let options = options(&kernel);
                let tokens = attribute::kernel(options, quote!(#function), None);
                let items = syn::parse2::<File>(tokens).unwrap().items;
                expanded.extend(items.into_iter().flat_map(with_items).map(bare));
            }
            other => expanded.push(other.clone()),
        }
    }
    file.items = expanded;
    let text = prettyplease::unparse(&file);
    let file = folder.join(format!("{name}.expanded.rs"));
    if env::var_os("PASHA_BLESS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(text == known, "the expansion of {name} differs from {}:\n{text}", file.display());
}

/// What stands in the parentheses of `#[kernel(…)]`.
fn options(kernel: &[Attribute]) -> TokenStream {
    match kernel.first().map(|attr| &attr.meta) {
        Some(Meta::List(list)) => list.tokens.clone(),
        _ => quote!(),
    }
}

/// The item, and those that an attribute on it adds.
fn with_items(item: Item) -> Vec<Item> {
    let Item::Struct(mut item) = item else { return vec![item] };
    let is_ours = |attr: &Attribute| attr.path().segments.last().unwrap().ident == "with_items";
    let (ours, others) = item.attrs.drain(..).partition(is_ours);
    item.attrs = others;
    let added = options(&ours);
    let added = syn::parse2::<File>(added).unwrap().items;
    [Item::Struct(item)].into_iter().chain(added).collect()
}

/// The implementation within the macro that says whether the feature `python` is on.
fn bare(item: Item) -> Item {
    match item {
        Item::Macro(call) if call.mac.path.segments.last().unwrap().ident == "python_kernel" => {
            call.mac.parse_body().unwrap()
        }
        item => item,
    }
}

macro_rules! expansions {
    ($($name:ident)+) => {$(
        #[test]
        fn $name() {
            compare(stringify!($name));
        }
    )+};
}

expansions! { one_value reduce_frame generic ragged_and_merged several_values python }

#[test]
fn a_kernel_of_one_item_and_one_value_is_short() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let lines = fs::read_to_string(folder.join("one_value.expanded.rs")).unwrap().lines().count();
    assert!(lines <= 120, "{lines} lines");
}
