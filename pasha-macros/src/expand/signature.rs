//! The kernel's signature as text: what a job file is compared with before it is resumed.

use quote::{ToTokens, quote};

use super::docs::tidy;
use crate::model::Kernel;

/// The signature with the roles of its parameters, in one line. It depends on the tokens alone,
/// not on how they are laid out, nor on comments.
pub(super) fn text(kernel: &Kernel) -> String {
    let name = &kernel.sig.ident;
    let (declared, _, clause) = kernel.sig.generics.split_for_impl();
    let params: Vec<String> = kernel
        .params
        .iter()
        .map(|param| {
            let role = param.attr.as_ref().map(|attr| tidy(attr) + " ").unwrap_or_default();
            format!("{role}{}: {}", tidy(&param.pat), tidy(&param.ty))
        })
        .collect();
    let returns = match &kernel.returns.original {
        Some(ty) => format!(" -> {}", tidy(ty)),
        None => String::new(),
    };
    let clause = match clause {
        Some(clause) => format!(" {}", tidy(clause)),
        None => String::new(),
    };
    let head = tidy(quote!(fn #name #declared).to_token_stream());
    format!("{head}({}){returns}{clause}", params.join(", ")).replace(" : ", ": ")
}
