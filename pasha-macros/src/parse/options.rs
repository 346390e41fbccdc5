//! What stands in the parentheses of `#[kernel(…)]`: options of the whole kernel.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Path, Token};

use crate::errors::Errors;
use crate::model::Options;

const NOT_AN_OPTION: &str = "`#[kernel]` takes the options `stream_stores`, `python`, `output = \
    Name` and `crate = \"path\"`: say what a parameter is for on the parameter itself, e.g. `#[shared] gain: \
    f64`, and choose the context at the call, e.g. `run_in(&ThreadContext::new(4)?, …)`";

/// Reads the options.
pub(crate) fn options(args: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            option(input, &mut options, errors)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let read = parser.parse2(args);
    errors.keep(read);
    options
}

fn option(input: ParseStream<'_>, options: &mut Options, errors: &mut Errors) -> syn::Result<()> {
    let not_an_option = |at| syn::Error::new(at, NOT_AN_OPTION);
    let start = input.span();
    let name = input.call(Ident::parse_any).map_err(|_| not_an_option(start))?;
    let twice = match name.to_string().as_str() {
        "stream_stores" => std::mem::replace(&mut options.stream_stores, true),
        "python" => options.python.replace(name.clone()).is_some(),
        "output" => {
            input.parse::<Token![=]>().map_err(|_| {
                syn::Error::new(
                    name.span(),
                    "say how the struct of outputs is named: `output = Name`",
                )
            })?;
            let value = input.span();
            let output = input.parse::<Ident>().map_err(|_| {
                syn::Error::new(
                    value,
                    "`output` takes the name of the struct of outputs: `output = Name`",
                )
            })?;
            options.output.replace(output).is_some()
        }
        "crate" => {
            input.parse::<Token![=]>().map_err(|_| {
                syn::Error::new(name.span(), "say where pasha is found: `crate = \"path\"`")
            })?;
            options.runtime.replace(path(input)?).is_some()
        }
        _ => {
            // Whatever belongs to it.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            errors.at(name, NOT_AN_OPTION);
            return Ok(());
        }
    };
    if twice {
        errors.at(&name, format!("`{name}` is here twice: remove one of the two"));
    }
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(not_an_option(input.span()));
    }
    Ok(())
}

/// The path of pasha, in quotes or without.
fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    let start = input.span();
    let path = if input.peek(LitStr) {
        input.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        input.call(Path::parse_mod_style)
    };
    path.map_err(|_| {
        syn::Error::new(start, "`crate` takes the path of pasha: `crate = \"path::to::pasha\"`")
    })
}
