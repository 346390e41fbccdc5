//! Outputs: the arrays that the caller gets, the specs that allocate them, and the struct that
//! holds them where there are several.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, Type};

use super::common::{inherited, nested, quiet};
use super::generics::{self, OfOutputs};
use super::{docs, items};
use crate::model::{Kernel, Merge, Output, OutputKind, Param, Slot, Value, Values};
use crate::names;

/// What a run gives to the caller.
pub(super) struct Outputs {
    /// The type that packs the arrays.
    pub(super) set: TokenStream,
    /// What they are packed into.
    pub(super) packed: TokenStream,
    /// The struct of outputs, where there is one.
    pub(super) definition: TokenStream,
}

impl Outputs {
    pub(super) fn of(kernel: &Kernel) -> Self {
        let private = names::private();
        let none = quote!();
        let arrays: Vec<_> = kernel.outputs().map(|(_, output)| array(output)).collect();
        let returned: Vec<_> = kernel.returns.values.list().iter().map(returned_array).collect();
        let (set, packed) = match (arrays.as_slice(), &kernel.returns.values) {
            ([], Values::Nothing) => (quote!(#private::NoOutput), quote!(())),
            ([only], Values::Nothing) => (quote!(#private::OneOutput<#only>), quote!(#only)),
            ([], Values::One(_)) => {
                (quote!(#private::OneReturned<#(#returned)*>), quote!(#(#returned)*))
            }
            ([], Values::Tuple(_)) => {
                let tuple = quote!((#(#returned,)*));
                (quote!(#private::ReturnedTuple<#tuple>), tuple)
            }
            _ => {
                let name = kernel.output_struct();
                let generics = generics::of_outputs(kernel);
                let arguments = &generics.names;
                let ty = quote!(#name #arguments);
                let definition = definition(kernel, &name, &generics, &arrays, &returned);
                return Outputs { set: ty.clone(), packed: ty, definition };
            }
        };
        Outputs { set, packed, definition: none }
    }
}

/// The struct with a field for each output.
fn definition(
    kernel: &Kernel,
    name: &Ident,
    generics: &OfOutputs,
    arrays: &[TokenStream],
    returned: &[TokenStream],
) -> TokenStream {
    let private = names::private();
    let vis = &kernel.vis;
    let attrs = inherited(kernel);
    let quiet = quiet();
    let OfOutputs { declared, names: arguments, clause } = generics;
    let doc = docs::output_struct(kernel);

    let fields: Vec<_> = kernel.outputs().filter_map(|(param, _)| param.name.as_ref()).collect();
    let field_docs = kernel.outputs().map(|(param, output)| docs::field(param, output));
    let result = names::result_field();
    let result_type = match &kernel.returns.values {
        Values::Nothing => None,
        Values::One(_) => Some(quote!(#(#returned)*)),
        Values::Tuple(_) => Some(quote!((#(#returned,)*))),
    };
    let result_doc = docs::result(&kernel.returns);
    let result_field = result_type.map(|ty| quote! { #[doc = #result_doc] #vis #result: #ty, });

    let params: Vec<_> = (0..fields.len()).map(|i| names::numbered("array", i)).collect();
    let values: Vec<_> = (0..returned.len()).map(|i| names::numbered("value", i)).collect();
    let out = names::local("out");
    let formatter = names::local("formatter");
    let (pack_result, result_places) = match &kernel.returns.values {
        Values::Nothing => (None, Vec::new()),
        Values::One(_) => (Some(quote!(#result: #(#values)*,)), vec![quote!(&mut #out.#result)]),
        Values::Tuple(_) => {
            let places = (0..returned.len()).map(syn::Index::from);
            (
                Some(quote!(#result: (#(#values,)*),)),
                places.map(|place| quote!(&mut #out.#result.#place)).collect(),
            )
        }
    };
    let arrays_type = nested(arrays.iter().chain(returned));
    let pattern = nested(params.iter().chain(&values));
    let field_places = fields.iter().map(|field| quote!(&mut #out.#field));
    let places = nested(field_places.chain(result_places));
    let text = name.to_string();

    quote! {
        #(#attrs)*
        #quiet
        #[doc = #doc]
        #vis struct #name #declared #clause {
            #(#field_docs #vis #fields: #arrays,)*
            #result_field
        }

        #(#attrs)*
        #quiet
        const _: () = {
            #[automatically_derived]
            impl #declared #private::OutputSet for #name #arguments #clause {
                type Arrays = #arrays_type;
                type Out = Self;

                fn pack(#pattern: Self::Arrays) -> Self {
                    Self { #(#fields: #params,)* #pack_result }
                }

                fn arrays_mut(#out: &mut Self) -> <Self::Arrays as #private::List>::Mut<'_> {
                    #places
                }
            }

            // Elements need not be `Debug`, so the arrays are left out.
            #[automatically_derived]
            impl #declared #private::fmt::Debug for #name #arguments #clause {
                fn fmt(
                    &self,
                    #formatter: &mut #private::fmt::Formatter<'_>,
                ) -> #private::fmt::Result {
                    #private::debug_outputs(#formatter, #text)
                }
            }
        };
    }
}

/// The array that the caller gets for an output.
fn array(output: &Output) -> TokenStream {
    let Some(element) = output.element() else { return checked() };
    let ragged = output.ragged().is_some();
    let private = names::private_at(element.span());
    match (&output.slot, &output.kind) {
        (Slot::Array(_), _) if ragged => quote!(#private::RaggedArray<#element>),
        (Slot::Array(view), OutputKind::Reduce(_)) => items::shared_array(element, &view.dim),
        (Slot::Array(view), _) => items::shared_array_of(element, &view.dim),
        (Slot::Pushed(_), _) => quote!(#private::RaggedArray<#element>),
        (Slot::Scalar(_), OutputKind::Reduce(_)) => quote!(#element),
        (Slot::Scalar(_), _) => quote!(#private::SharedArray1<#element>),
        (Slot::Other, _) => checked(),
    }
}

/// The array of a returned value.
fn returned_array(value: &Value) -> TokenStream {
    let element = value.element();
    let span = element.span();
    let private = names::private_at(span);
    match value.row {
        Some(_) => quote_spanned!(span=> #private::SharedArray2<#element>),
        None => quote_spanned!(span=> #private::SharedArray1<#element>),
    }
}

/// The spec of a returned value.
pub(super) fn returned_spec(value: &Value) -> TokenStream {
    let span = value.element().span();
    let private = names::private_at(span);
    match &value.row {
        Some((element, length)) => {
            quote_spanned!(span=> #private::PerIndexRow<#element, { #length }>)
        }
        None => {
            let element = value.element();
            quote_spanned!(span=> #private::PerIndexScalar<#element>)
        }
    }
}

/// The spec's type, at the place of the output's type.
pub(super) fn spec_type(output: &Output) -> TokenStream {
    let Some(element) = output.element() else { return checked() };
    let span = element.span();
    let private = names::private_at(span);
    let merge = match &output.kind {
        OutputKind::Reduce(merges) => merges.first().map(|merge| merge_type(merge, element)),
        _ => None,
    };
    match (&output.slot, &output.kind) {
        (Slot::Array(_), _) if output.ragged().is_some() => {
            quote_spanned!(span=> #private::RaggedOfLengths<#element>)
        }
        (Slot::Pushed(_), _) => quote_spanned!(span=> #private::Pushed<#element>),
        (Slot::Array(view), kind) => {
            let dim = items::dim(&view.dim);
            match kind {
                OutputKind::PerIndex => quote_spanned!(span=> #private::PerIndex<#element, #dim>),
                OutputKind::PerWorker => quote_spanned!(span=> #private::PerWorker<#element, #dim>),
                OutputKind::Reduce(_) => {
                    quote_spanned!(span=> #private::Reduce<#element, #dim, #merge>)
                }
            }
        }
        (_, OutputKind::PerIndex) => quote_spanned!(span=> #private::PerIndexScalar<#element>),
        (_, OutputKind::PerWorker) => quote_spanned!(span=> #private::PerWorkerScalar<#element>),
        (_, OutputKind::Reduce(_)) => {
            quote_spanned!(span=> #private::ReduceScalar<#element, #merge>)
        }
    }
}

/// The spec's value: shape, fill value and order. `column` counts the ragged outputs before it
/// whose lengths are found by a first pass.
pub(super) fn spec_value(param: &Param, output: &Output, column: usize) -> TokenStream {
    let spec = spec_type(output);
    if let Slot::Pushed(_) = output.slot {
        let name = param.name.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
        return quote_spanned!(output.element().span()=> <#spec>::new(#name));
    }
    let extent = match (output.ragged(), output.shape(), output.like()) {
        (Some(_), _, _) => Some(quote!(#column)),
        (_, Some(shape), _) => Some(quote!(#shape)),
        (_, _, Some(name)) => {
            let private = names::private_at(name.span());
            Some(quote_spanned!(name.span()=> #private::like(&#name)))
        }
        _ => None,
    };
    let merge = match (&output.kind, output.element()) {
        (OutputKind::Reduce(merges), Some(element)) => {
            merges.first().map(|merge| merge_value(merge, element))
        }
        _ => None,
    };
    let arguments = extent.into_iter().chain(merge);
    let start = match (&output.kind, &output.fill) {
        (OutputKind::Reduce(_), Some(init)) => Some(quote!(.init(#init))),
        (_, Some(fill)) => Some(quote!(.fill(#fill))),
        (_, None) => None,
    };
    let order = output.order.as_ref().filter(|order| order.fortran).map(|_| quote!(.fortran()));
    let span = output.element().span();
    quote_spanned!(span=> <#spec>::new(#(#arguments),*) #start #order)
}

fn merge_type(merge: &Merge, element: &Type) -> TokenStream {
    match merge {
        Merge::BuiltIn(name, merge) => built_in(name, merge),
        Merge::Custom(path) => {
            let private = names::private_at(path.span());
            quote_spanned!(path.span()=> #private::merge::Custom<#element>)
        }
    }
}

fn merge_value(merge: &Merge, element: &Type) -> TokenStream {
    match merge {
        Merge::BuiltIn(name, merge) => built_in(name, merge),
        Merge::Custom(path) => {
            let private = names::private_at(path.span());
            quote_spanned!(path.span()=> #private::merge::Custom::<#element>::new(#path))
        }
    }
}

fn built_in(name: &Ident, merge: &str) -> TokenStream {
    let private = names::private_at(name.span());
    let merge = Ident::new(merge, name.span());
    quote_spanned!(name.span()=> #private::merge::#merge)
}

/// In the place of what `check` has refused, so that it is never generated.
fn checked() -> TokenStream {
    let private = names::private();
    quote! {
        #private::compile_error!("pasha: an invalid output was not refused; please report this")
    }
}

/// The expressions that are evaluated once, before outputs are allocated.
pub(super) fn expressions(output: &Output) -> impl Iterator<Item = &Expr> {
    output.shape().into_iter().chain(&output.fill)
}

/// The elements of all outputs, for messages at the user's types.
pub(super) fn elements(kernel: &Kernel) -> impl Iterator<Item = &Type> {
    let params = kernel.outputs().filter_map(|(_, output): (&Param, _)| output.element());
    params.chain(kernel.returns.values.list().iter().map(Value::element))
}
