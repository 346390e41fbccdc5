//! The type that is named as the function, and its functions that run the kernel.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Type, TypeImplTrait, TypeReference, parse_quote};

use super::common::{inherited, nested, quiet};
use super::generics::{self, OfFunctions};
use super::output::Outputs;
use super::{docs, items, kernel};
use crate::model::{Kernel, Param, Role};
use crate::{names, types};

/// The type, with the items that belong to it behind it.
///
/// All are one item until the compiler has taken that in. In an `impl` or a trait, which have no
/// room for a struct, it says so once, and not of each of them.
pub(crate) fn with_items(
    kernel: &Kernel,
    documentation: &TokenStream,
    items: &TokenStream,
) -> TokenStream {
    let name = &kernel.sig.ident;
    let vis = &kernel.vis;
    let attrs = inherited(kernel);
    let quiet = quiet();
    let private = names::private();
    quote! {
        #documentation
        #(#attrs)*
        #quiet
        #[#private::with_items(#items)]
        #vis struct #name {}
    }
}

/// What is said of the type.
pub(super) fn documentation(kernel: &Kernel, outputs: &Outputs) -> TokenStream {
    let on_type = kernel.attrs.iter().filter(|attr| belongs_on_type(attr));
    let doc = docs::entry(kernel, &outputs.packed);
    quote!(#(#on_type)* #doc)
}

/// The functions of the type.
pub(super) fn functions(kernel: &Kernel, outputs: &Outputs) -> TokenStream {
    let name = &kernel.sig.ident;
    let attrs = inherited(kernel);
    let quiet = quiet();
    let generics = generics::of_functions(kernel);
    let shared: Vec<_> = kernel.shared().map(shared_argument).collect();
    let bind = kernel::bind(kernel, outputs, &generics, &shared);
    let runs = runs(kernel, outputs, &generics);
    quote! {
        #(#attrs)*
        #quiet
        #[automatically_derived]
        impl #name {
            #(#runs)*
            #bind
        }
    }
}

/// What the user says about the function, that holds for the type as well.
fn belongs_on_type(attr: &Attribute) -> bool {
    attr.path().is_ident("doc") || attr.path().is_ident("deprecated")
}

/// The functions that run or allocate.
fn runs(kernel: &Kernel, outputs: &Outputs, generics: &OfFunctions) -> [TokenStream; 10] {
    let private = names::private();
    let OfFunctions { declared, clause, turbofish } = generics;
    let vis = &kernel.vis;
    let packed = &outputs.packed;
    let context = names::shown("context");
    let [out, every, look] = ["out", "every", "look"].map(names::shown);
    let context_type = quote!(&(impl #private::Context + ?#private::Sized));

    let arguments: Vec<_> = kernel.params.iter().filter_map(argument).collect();
    let given = kernel.params.iter().filter(|param| param.is_argument());
    let given: Vec<_> = given.filter_map(|param| param.name.as_ref()).collect();
    let shared = kernel.shared().filter_map(|param| param.name.as_ref());
    let functors: Vec<_> = kernel.items().filter_map(|(param, _)| param.name.as_ref()).collect();
    let functors = nested(functors);
    let bound_kernel = quote!(Self::bind #turbofish (#(#shared),*));
    let bound = quote!(#bound_kernel.kernel());

    let run_parallel = docs::run_parallel(kernel);
    let [run_in, run_live_in, run_serial, alloc, run_into] =
        [docs::RUN_IN, docs::RUN_LIVE_IN, docs::RUN_SERIAL, docs::ALLOC, docs::RUN_INTO];
    let [run_report, run_report_in, run_report_serial, run_report_into] =
        [docs::RUN_REPORT, docs::RUN_REPORT_IN, docs::RUN_REPORT_SERIAL, docs::RUN_REPORT_INTO];
    let default = quote!(&*#private::default_context()?);
    let serial = quote!(&#private::SerialContext::new());
    let report = quote!(#private::Reported<#packed>);
    [
        quote! {
            #[doc = #run_parallel]
            #vis fn run_parallel #declared (
                #(#arguments),*
            ) -> #private::Result<#packed> #clause {
                Self::run_in #turbofish (#default, #(#given),*)
            }
        },
        quote! {
            #[doc = #run_in]
            #vis fn run_in #declared (
                #context: #context_type, #(#arguments),*
            ) -> #private::Result<#packed> #clause {
                #private::run(#context, #bound, #functors)
            }
        },
        quote! {
            #[doc = #run_live_in]
            #vis fn run_live_in #declared (
                #context: #context_type, #(#arguments,)*
                #every: #private::Duration, #look: impl #private::Look<#packed>
            ) -> #private::Result<#packed> #clause {
                #bound_kernel.live(#context, #functors, #every, #look)
            }
        },
        quote! {
            #[doc = #run_serial]
            #vis fn run_serial #declared (
                #(#arguments),*
            ) -> #private::Result<#packed> #clause {
                Self::run_in #turbofish (#serial, #(#given),*)
            }
        },
        quote! {
            #[doc = #alloc]
            #vis fn alloc #declared (
                #context: #context_type, #(#arguments),*
            ) -> #private::Result<#packed> #clause {
                #private::alloc(#context, #bound, #functors)
            }
        },
        quote! {
            #[doc = #run_into]
            #vis fn run_into #declared (
                #context: #context_type, #(#arguments,)* #out: &mut #packed
            ) -> #private::Result<()> #clause {
                #private::run_into(#context, #bound, #functors, #out)
            }
        },
        quote! {
            #[doc = #run_report]
            #vis fn run_report #declared (
                #(#arguments),*
            ) -> #report #clause {
                Self::run_report_in #turbofish (#default, #(#given),*)
            }
        },
        quote! {
            #[doc = #run_report_in]
            #vis fn run_report_in #declared (
                #context: #context_type, #(#arguments),*
            ) -> #report #clause {
                #private::report(#context, #bound, #functors)
            }
        },
        quote! {
            #[doc = #run_report_serial]
            #vis fn run_report_serial #declared (
                #(#arguments),*
            ) -> #report #clause {
                Self::run_report_in #turbofish (#serial, #(#given),*)
            }
        },
        quote! {
            #[doc = #run_report_into]
            #vis fn run_report_into #declared (
                #context: #context_type, #(#arguments,)* #out: &mut #packed
            ) -> #private::Result<#private::Report> #clause {
                #private::report_into(#context, #bound, #functors, #out)
            }
        },
    ]
}

/// A parameter of the generated functions: a functor for an item, a shared parameter as it is.
fn argument(param: &Param) -> Option<TokenStream> {
    match &param.role {
        Role::Item(kind) => {
            let name = param.name.as_ref()?;
            let kind = items::kind(param, kind);
            let span = param.ty.span();
            let private = names::private_at(span);
            Some(quote_spanned!(span=> #name: impl #private::IntoFunctor<#kind>))
        }
        Role::Shared { .. } => Some(shared_argument(param)),
        _ => None,
    }
}

/// A shared parameter; what hides behind `impl` must be fit for sharing.
fn shared_argument(param: &Param) -> TokenStream {
    let name = &param.name;
    let mut ty = param.ty.clone();
    let by_value = !matches!(types::plain(&ty), Type::Reference(_));
    BoundImpls { by_value }.visit_type_mut(&mut ty);
    let ty = ty.to_token_stream();
    quote!(#name: #ty)
}

/// Adds `Sync`, and `Copy` to what is passed by value, to each `impl Trait`.
struct BoundImpls {
    by_value: bool,
}

impl VisitMut for BoundImpls {
    fn visit_type_impl_trait_mut(&mut self, ty: &mut TypeImplTrait) {
        let private = names::private();
        ty.bounds.push(parse_quote!(#private::Sync));
        if self.by_value {
            let private = names::private();
            ty.bounds.push(parse_quote!(#private::Copy));
        }
        visit_mut::visit_type_impl_trait_mut(self, ty);
    }

    // `&impl Trait` becomes `&(impl Trait + Sync)`: without parentheses `+` is ambiguous.
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        visit_mut::visit_type_reference_mut(self, reference);
        if let Type::ImplTrait(inner) = &*reference.elem {
            *reference.elem = parse_quote!((#inner));
        }
    }
}
