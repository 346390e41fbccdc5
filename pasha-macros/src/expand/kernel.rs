//! `bind`: the kernel value, made of four closures over the shared parameters.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, Type};

use super::common::nested;
use super::generics::OfFunctions;
use super::output::{self, Outputs};
use super::{docs, items, sharing, signature};
use crate::model::{Kernel, Output, Param, Role, Values};
use crate::{mentions, names, types};

/// The function `bind`.
pub(super) fn bind(
    kernel: &Kernel,
    outputs: &Outputs,
    generics: &OfFunctions,
    shared: &[TokenStream],
) -> TokenStream {
    let private = names::private();
    let OfFunctions { declared, clause, .. } = generics;
    let vis = &kernel.vis;
    let doc = docs::bind(kernel);
    let set = &outputs.set;
    let parameters = kernel.outputs().map(|(_, output)| output::spec_type(output));
    let returned = kernel.returns.values.list().iter().map(output::returned_spec);
    let specs: Vec<_> = parameters.chain(returned).collect();
    let specs = nested(specs);
    let items = items::list(kernel);
    let assertions = assertions(kernel);
    let scratch = nested(scratch_types(kernel));
    let failure = match kernel.returns.fallible {
        true => quote!(#private::KernelError),
        false => quote!(#private::Infallible),
    };
    let ragged = ragged(kernel).count();
    let allocate = allocate(kernel);
    let lengths = lengths(kernel);
    let buffers: Vec<_> = kernel.scratch().map(|(_, expr)| expr.to_token_stream()).collect();
    let make_scratch = nested(buffers);
    let call = call(kernel, generics);
    let item_names = kernel.items().filter_map(|(param, _)| param.text());
    let output_names = kernel.outputs().filter_map(|(param, _)| param.text());

    let signature = signature::of(kernel);
    let (import, sharing) = sharing::sharing(kernel).unzip();

    let stream_stores = kernel.options.stream_stores.then(|| quote!(.with_stream_stores()));
    let (start, end) = blamed(kernel);
    let there = names::private_at(start);
    let is_plain = !kernel.returns.fallible && ragged == 0 && kernel.scratch().next().is_none();
    let types = quote!(#items, #specs, #set);
    let make = match is_plain {
        true => quote_spanned!(start=> #there::PlainKernelTypes::<#types>::kernel),
        false => quote_spanned! {start=>
            #there::KernelTypes::<#types, #scratch, #failure, #ragged>::kernel
        },
    };
    let arguments = match is_plain {
        true => quote_spanned!(end=> (#allocate, #call)),
        false => quote_spanned!(end=> (#allocate, #lengths, move || #make_scratch, #call)),
    };
    let closures = quote_spanned! {end=>
        #arguments
        .named(#signature, &[#(#item_names),*], &[#(#output_names),*])
        #sharing
        #stream_stores
    };

    quote! {
        #[doc = #doc]
        #vis fn bind #declared (
            #(#shared),*
        ) -> #private::BoundKernel<
            impl #private::Kernel<Items = #items, Set = #set, Specs = #specs>
        > #clause {
            #(#assertions)*
            #import
            #private::BoundKernel::new(
                #make #closures
            )
        }
    }
}

/// From where to where rustc is to underline if it finds no kernel in what is generated: the type
/// that is the most likely cause, which is an element that is not one. Its own assertion says the
/// same at the same place, and rustc says it once.
fn blamed(kernel: &Kernel) -> (Span, Span) {
    let mut elements: Vec<_> = output::elements(kernel).collect();
    elements.sort_by_key(|element| types::is_primitive(element));
    let mut tokens = elements.first().into_token_stream().into_iter().map(|token| token.span());
    let start = tokens.next().unwrap_or_else(Span::call_site);
    (start, tokens.last().unwrap_or(start))
}

/// Checks with messages of their own, each at the user's type.
fn assertions(kernel: &Kernel) -> Vec<TokenStream> {
    let elements = output::elements(kernel).map(|element| {
        let private = names::private_at(element.span());
        quote_spanned!(element.span()=> #private::assert_element::<#element>();)
    });
    let shared = kernel.shared().filter(|param| types::impl_traits(&param.ty).is_empty());
    let shared = shared.map(|param| {
        let ty = match types::plain(&param.ty) {
            Type::Reference(reference) => types::plain(&reference.elem),
            ty => ty,
        };
        let private = names::private_at(ty.span());
        quote_spanned!(ty.span()=> #private::assert_shared::<#ty>();)
    });
    elements.chain(shared).collect()
}

/// The types of the buffers, which the function gets by `&mut`.
fn scratch_types(kernel: &Kernel) -> Vec<TokenStream> {
    let buffers = kernel.scratch().map(|(param, _)| match types::plain(&param.ty) {
        Type::Reference(reference) => reference.elem.to_token_stream(),
        ty => ty.to_token_stream(),
    });
    buffers.collect()
}

/// The ragged outputs and their lengths.
fn ragged(kernel: &Kernel) -> impl Iterator<Item = (&Output, &Expr)> {
    kernel.outputs().filter_map(|(_, output)| Some((output, output.ragged()?)))
}

/// The parameter's name, if the expressions mention it.
fn mentioned_name<'k>(param: &'k Param, mentioned: &[Ident]) -> Option<&'k Ident> {
    param.name.as_ref().filter(|name| mentioned.contains(&name.unraw()))
}

/// The pattern that gives items of the list the user's names, where the expressions mention them.
fn item_pattern(kernel: &Kernel, mentioned: &[Ident]) -> TokenStream {
    let items = kernel.items().map(|(param, _)| match mentioned_name(param, mentioned) {
        Some(name) => quote!(#name),
        None => quote!(_),
    });
    let items: Vec<_> = items.collect();
    nested(items)
}

/// Shapes, fill values and orders, evaluated once before a run. The shapes of items have the
/// items' names.
fn allocate(kernel: &Kernel) -> TokenStream {
    let private = names::private();
    let shapes = names::local("shapes");
    let mut column = 0;
    let mut specs = Vec::new();
    let mut mentioned: Vec<Ident> = Vec::new();
    for (param, output) in kernel.outputs() {
        specs.push(output::spec_value(param, output, column));
        column += usize::from(output.ragged().is_some());
        mentioned.extend(output::expressions(output).flat_map(mentions::of));
        mentioned.extend(output.like().map(Ident::unraw));
    }
    let returned = kernel.returns.values.list().iter().map(output::returned_spec);
    specs.extend(returned.map(|spec| quote!(<#spec>::new())));
    let specs = nested(specs);
    let known = kernel.items().filter_map(|(param, _)| {
        let name = mentioned_name(param, &mentioned)?;
        let text = param.text()?;
        Some(quote!(let #name = #private::known_shape(#text, #name)?;))
    });
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        return quote!(move |_| #private::Ok(#specs));
    }
    let pattern = item_pattern(kernel, &mentioned);
    quote! {
        move |#shapes| {
            let #pattern = #shapes;
            #(#known)*
            #private::Ok(#specs)
        }
    }
}

/// The lengths of one index's slots in the ragged outputs.
fn lengths(kernel: &Kernel) -> TokenStream {
    let lengths: Vec<_> = ragged(kernel).map(|(_, length)| length).collect();
    if lengths.is_empty() {
        return quote!(move |_, _| []);
    }
    let mentioned: Vec<Ident> = lengths.iter().flat_map(|length| mentions::of(length)).collect();
    let at = names::local("at");
    let items = names::local("items");
    let pattern = item_pattern(kernel, &mentioned);
    let index = kernel.params.iter().find_map(|param| match param.role {
        Role::Index => mentioned_name(param, &mentioned),
        _ => None,
    });
    let index = index.map(|index| quote!(let #index = #at.index;));
    let lengths = lengths.iter().map(|length| {
        let span = length.span();
        let private = names::private_at(span);
        quote_spanned!(span=> #private::ragged_length(#length))
    });
    quote! {
        move |#at, #items| {
            let #pattern = #items;
            #index
            [#(#lengths),*]
        }
    }
}

/// The call of the user's function, and what becomes of its value.
fn call(kernel: &Kernel, generics: &OfFunctions) -> TokenStream {
    let private = names::private();
    let at = names::local("at");
    let buffers = names::local("buffers");
    let (mut items, mut slots, mut scratch, mut arguments) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for param in &kernel.params {
        let new = |kind: &str, list: &mut Vec<Ident>| {
            let name = names::numbered(kind, list.len());
            list.push(name.clone());
            quote!(#name)
        };
        arguments.push(match &param.role {
            Role::Item(_) | Role::Unknown { .. } => new("item", &mut items),
            Role::Output(_) => new("slot", &mut slots),
            Role::Scratch(_) => new("buffer", &mut scratch),
            Role::Index => quote!(#at.index),
            Role::WorkerId => quote!(#at.worker_id),
            Role::Shared { .. } => shared_argument(param),
        });
    }
    let function = names::function(&kernel.sig.ident);
    let turbofish = &generics.turbofish;
    let call = quote!(#function #turbofish (#(#arguments),*));

    let (pattern, results, stores) = results(&kernel.returns.values);
    slots.extend(results);
    let outcome = if kernel.returns.fallible {
        let span = kernel.returns.original.span();
        let there = names::private_at(span);
        let error = names::local("error");
        // So that rustc blames the type, should it have no text.
        let at_type = error.span().located_at(span);
        let mut error_there = error.clone();
        error_there.set_span(at_type);
        let kept = quote_spanned!(at_type=> (&#error_there));
        let failed = quote_spanned!(span=> #there::KernelError::new #kept);
        quote! {
            match #call {
                #private::Ok(#pattern) => {
                    #stores
                    #private::Ok(())
                }
                #private::Err(#error) => #private::Err(#failed),
            }
        }
    } else {
        match (&kernel.returns.values, slots.last()) {
            (Values::One(_), Some(result)) => quote!({ *#result = #call; #private::Ok(()) }),
            (Values::Tuple(_), _) => {
                quote!({ let #pattern = #call; #stores #private::Ok(()) })
            }
            _ => quote!({ #call; #private::Ok(()) }),
        }
    };
    let items = nested(items);
    let slots = nested(slots);
    if scratch.is_empty() {
        return quote!(move |#at, #items, #slots, _| #outcome);
    }
    let scratch = nested(scratch);
    quote! {
        move |#at, #items, #slots, #buffers| {
            let #scratch = #buffers;
            #outcome
        }
    }
}

/// A shared parameter as the function takes it: the reference, or a copy.
fn shared_argument(param: &Param) -> TokenStream {
    let Some(name) = &param.name else { return quote!() };
    let ty = types::plain(&param.ty);
    let private = names::private_at(ty.span());
    match ty {
        Type::Reference(_) => quote!(#name),
        ty if !types::impl_traits(ty).is_empty() => {
            quote_spanned!(ty.span()=> #private::by_value(&#name))
        }
        ty => quote_spanned!(ty.span()=> #private::by_value::<#ty>(&#name)),
    }
}

/// A pattern for what the function returns, the slots of these values, and what puts them there.
fn results(values: &Values) -> (TokenStream, Vec<Ident>, TokenStream) {
    let numbered = |kind| (0..values.list().len()).map(move |number| names::numbered(kind, number));
    let locals: Vec<_> = numbered("value").collect();
    let slots: Vec<_> = numbered("result").collect();
    let pattern = match values {
        // An alias may hide what is in the `Result`, and only `()` fits.
        Values::Nothing => quote!(()),
        Values::One(_) => quote!(#(#locals)*),
        Values::Tuple(_) => quote!((#(#locals,)*)),
    };
    let stores = quote!(#(*#slots = #locals;)*);
    (pattern, slots, stores)
}
