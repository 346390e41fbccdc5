//! `PyKernel`, by which Python calls the kernel.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Type};

use super::common::{inherited, nested, quiet};
use super::generics::{self, OfFunctions};
use super::items;
use super::output::Outputs;
use crate::model::{Kernel, Param, Role, Values};
use crate::{names, types};

/// The implementation, if the kernel has the option.
pub(super) fn expand(kernel: &Kernel, outputs: &Outputs) -> Option<TokenStream> {
    let option = kernel.options.python.as_ref()?;
    let private = names::private_at(option.span());
    let python = quote_spanned!(option.span()=> #private::python);
    let name = &kernel.sig.ident;
    let attrs = inherited(kernel);
    let quiet = quiet();
    let OfFunctions { declared, clause, turbofish } = generics::of_python(kernel, &outputs.packed);
    let types: Vec<_> = kernel.sig.generics.type_params().map(|param| &param.ident).collect();
    let types = match types.as_slice() {
        [only] => quote!(#only),
        all => quote!((#(#all),*)),
    };

    let text = name.unraw().to_string();
    let documentation = documentation(&kernel.attrs);
    let class = match kernel.has_output_struct() {
        true => {
            let class = kernel.output_struct().to_string();
            quote!(#private::Some(#class))
        }
        false => quote!(#private::None),
    };
    let output_names = kernel.outputs().filter_map(|(param, _)| param.text());
    let returns = !kernel.returns.values.list().is_empty();
    let returns_tuple = matches!(kernel.returns.values, Values::Tuple(_));

    let set = &outputs.set;

    let call = names::local("call");
    let arguments: Vec<Argument> =
        kernel.params.iter().filter_map(|param| Argument::of(param, &python)).collect();
    let parameters = arguments.iter().map(|argument| &argument.description);
    let taken = arguments
        .iter()
        .enumerate()
        .map(|(place, Argument { name, take, .. })| quote!(let #name = #call.#take(#place)?;));
    let of_kind = |is_item| arguments.iter().filter(move |argument| argument.is_item == is_item);
    let shared = of_kind(false).map(|argument| &argument.given);
    let functors: Vec<_> = of_kind(true).map(|argument| &argument.given).collect();
    let functors = nested(functors);
    // Where the feature is off, the macro says so at the option.
    let implementation = quote! {
        #(#attrs)*
        #quiet
        #[automatically_derived]
        impl #declared #python::PyKernel<#types> for #name #clause {
            const KERNEL: #python::Description = #python::Description {
                name: #text,
                documentation: #documentation,
                parameters: &[#(#parameters),*],
                class: #class,
                outputs: &[#(#output_names),*],
                returns: #returns,
                returns_tuple: #returns_tuple,
                types: {
                    use #python::NoTypes as _;
                    #python::TypesOf::<#set>::of_outputs
                },
            };

            fn call(#call: &#python::Call<'_, '_>) -> #python::Called {
                #(#taken)*
                #call.run(Self::bind #turbofish (#(#shared),*).kernel(), #functors)
            }
        }
    };
    Some(quote_spanned!(option.span()=> #private::python_kernel! { #implementation }))
}

/// What becomes of an argument of the runs.
struct Argument<'k> {
    name: &'k syn::Ident,
    is_item: bool,
    /// What tells Python of it.
    description: TokenStream,
    /// The method of a call that takes it.
    take: TokenStream,
    /// What the kernel or the map then gets.
    given: TokenStream,
}

impl<'k> Argument<'k> {
    fn of(param: &'k Param, python: &TokenStream) -> Option<Self> {
        let name = param.name.as_ref()?;
        let text = param.text()?;
        let span = param.ty.span();
        match &param.role {
            Role::Item(kind) => {
                let kind = items::kind(param, kind);
                Some(Argument {
                    name,
                    is_item: true,
                    description: quote_spanned!(span=> #python::item::<#kind>(#text)),
                    take: quote_spanned!(span=> item::<#kind>),
                    given: quote!(#python::HeldItem::<#kind>::functor(&#name)),
                })
            }
            Role::Shared { .. } => {
                let ty = types::plain(&param.ty);
                let borrows = matches!(ty, Type::Reference(_)) || types::borrows(ty);
                let borrows = borrows || types::array_view(ty, "ArrayView").is_some();
                let ty = types::to_static(ty);
                Some(match borrows {
                    true => Argument {
                        name,
                        is_item: false,
                        description: quote_spanned!(span=> #python::shared::<#ty>(#text)),
                        take: quote_spanned!(span=> shared::<#ty>),
                        given: quote! {
                            <#ty as #python::PyShared>::get(
                                &<#ty as #python::PyShared>::lend(&#name)
                            )
                        },
                    },
                    false => Argument {
                        name,
                        is_item: false,
                        description: quote_spanned!(span=> #python::value::<#ty>(#text)),
                        take: quote_spanned!(span=> value::<#ty>),
                        given: quote!(#name),
                    },
                })
            }
            _ => None,
        }
    }
}

/// The lines of the doc comments.
fn documentation(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if attr.path().is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.collect();
    let lines = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}
