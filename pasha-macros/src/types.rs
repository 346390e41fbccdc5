//! What types look like: array views, lifetimes, the generic parameters that they mention.

use proc_macro2::{Ident, Span};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, GenericParam, Generics, Lifetime, ParenthesizedGenericArguments, Path,
    PathArguments, PathSegment, Type, TypeFnPtr, TypeImplTrait, TypeInfer, TypeReference,
};

use crate::model::{Dim, View};
use crate::text::text;

/// The type without parentheses and without the invisible groups that macros leave.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

/// The last segment of a path: what a type is called, however it was imported.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match plain(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The numbers and `bool`, which are elements for certain.
const PRIMITIVES: [&str; 15] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool",
];

/// Whether this is a number or `bool`.
pub(crate) fn is_primitive(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| PRIMITIVES.iter().any(|name| segment.ident == name))
}

/// Whether a type of this name would take the place of one of the language's.
pub(crate) fn hides_primitive(name: &Ident) -> bool {
    PRIMITIVES.iter().chain(&["char", "str"]).any(|primitive| name == primitive)
}

/// The part of a type that has no size known when compiling, where it would be held by value:
/// `[T]`, `str`, `dyn Trait`, and the standard library's `Path`, `OsStr` and `CStr` by their full
/// names; ndarray's `ArrayRef`; and tuples and arrays of these.
pub(crate) fn is_unsized(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Tuple(tuple) => tuple.elems.iter().any(is_unsized),
        Type::Array(array) => is_unsized(&array.elem),
        Type::Path(path) if path.qself.is_none() => {
            let segments = &path.path.segments;
            let is = |name: &str| segments.last().is_some_and(|last| last.ident == name);
            let is_std = segments.len() > 1
                && segments.first().is_some_and(|first| {
                    ["std", "core", "alloc"].iter().any(|name| first.ident == name)
                });
            let is_array_ref = segments.last().is_some_and(|last| {
                let name = last.ident.to_string();
                let axes = name.strip_prefix("ArrayRef");
                let axes = axes.filter(|axes| axes.is_empty() || *axes == "D" || axes.len() == 1);
                axes.is_some() && !last.arguments.is_empty()
            });
            is_array_ref
                || is("str")
                || (is_std && ["Path", "OsStr", "CStr"].iter().any(|name| is(name)))
        }
        _ => false,
    }
}

/// Whether a type holds numbers, `bool`s or text and nothing else, as far as its own syntax tells.
pub(crate) fn is_plain_data(ty: &Type) -> bool {
    match plain(ty) {
        Type::Reference(reference) => is_plain_data(&reference.elem),
        Type::Slice(slice) => is_plain_data(&slice.elem),
        Type::Array(array) => is_plain_data(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_plain_data),
        ty => is_primitive(ty) || last_segment(ty).is_some_and(|it| it.ident == "str"),
    }
}

/// The type arguments of a path's last segment.
pub(crate) fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Reads `ArrayView2<u16>`, `ndarray::ArrayView<'_, u16, D>` and the like; with `family`
/// `"ArrayViewMut"` the writable ones.
pub(crate) fn array_view(ty: &Type, family: &str) -> Option<View> {
    let segment = last_segment(ty)?;
    let name = segment.ident.to_string();
    let arguments = type_arguments(segment);
    let dim = match (name.strip_prefix(family)?, arguments.as_slice()) {
        ("", [_, dim]) => Dim::Written((*dim).clone()),
        ("D", [_]) => Dim::Dyn,
        (axes @ ("0" | "1" | "2" | "3" | "4" | "5" | "6"), [_]) => Dim::Fixed(axes.parse().ok()?),
        _ => return None,
    };
    Some(View { element: (*arguments.first()?).clone(), dim })
}

/// What is missing in the type of a view, as it would be written: `ArrayView2<f64>` for
/// `ArrayView2`, `ArrayView<f64, Ix2>` for `ArrayView<f64>`.
pub(crate) fn incomplete_view(ty: &Type) -> Option<String> {
    let segment = last_segment(ty)?;
    let name = segment.ident.to_string();
    let axes = ["ArrayViewMut", "ArrayView"].iter().find_map(|family| name.strip_prefix(family))?;
    let element = type_arguments(segment).first().map_or("f64".to_owned(), text);
    match (axes, type_arguments(segment).len()) {
        ("", 0 | 1) => Some(format!("{name}<{element}, Ix2>")),
        ("D" | "0" | "1" | "2" | "3" | "4" | "5" | "6", 0) => Some(format!("{name}<{element}>")),
        _ => None,
    }
}

/// The element of a `Ragged<A>`, into which a kernel pushes.
pub(crate) fn ragged(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Ragged")?;
    match type_arguments(segment).as_slice() {
        [element] => Some(element),
        _ => None,
    }
}

/// Whether a type is one of pointers to what may belong to one thread: `*const T`, `Rc<T>`,
/// `Box<dyn Trait>`.
pub(crate) fn points(ty: &Type) -> bool {
    let is_object = |ty: &&Type| matches!(plain(ty), Type::TraitObject(_));
    matches!(plain(ty), Type::Ptr(_))
        || last_segment(ty).is_some_and(|segment| {
            let owns = ["Box", "Arc"].iter().any(|name| segment.ident == name);
            segment.ident == "Rc" || (owns && type_arguments(segment).iter().any(is_object))
        })
}

/// Whether values of a type can hold borrowed data, as far as the type as written tells.
pub(crate) fn borrows(ty: &Type) -> bool {
    let mut finder = FindLifetime { found: None };
    finder.visit_type(ty);
    finder.found.is_some()
}

/// The first lifetime, `'static` too, or reference without one, for a message.
pub(crate) fn first_lifetime(ty: &Type) -> Option<Span> {
    struct Find(Option<Span>);
    impl<'ast> Visit<'ast> for Find {
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0.get_or_insert(lifetime.span());
        }
    }
    let borrowed = || {
        let mut finder = FindLifetime { found: None };
        finder.visit_type(ty);
        finder.found
    };
    let mut find = Find(None);
    find.visit_type(ty);
    find.0.or_else(borrowed)
}

/// Writes the lifetime into pasha's own items where it is left out, as functions allow but the
/// generated types do not: `Train<u16>` becomes `Train<'_, u16>`.
pub(crate) fn write_hidden_lifetime(ty: &mut Type) {
    let hides = |segment: &PathSegment| {
        let arguments = type_arguments(segment).len();
        let has_none = !matches!(&segment.arguments, PathArguments::AngleBracketed(list)
            if list.args.iter().any(|argument| matches!(argument, GenericArgument::Lifetime(_))));
        has_none
            && match &segment.ident {
                name if name == "Train" || name == "Labelled" => arguments == 2,
                name => name == "TrainData" && arguments == 0,
            }
    };
    match ty {
        Type::Group(group) => write_hidden_lifetime(&mut group.elem),
        Type::Paren(paren) => write_hidden_lifetime(&mut paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let Some(segment) = path.path.segments.last_mut() else { return };
            if hides(segment) {
                let lifetime = Lifetime::new("'_", segment.ident.span());
                match &mut segment.arguments {
                    PathArguments::AngleBracketed(list) => {
                        list.args.insert(0, GenericArgument::Lifetime(lifetime));
                    }
                    arguments => {
                        *arguments = PathArguments::AngleBracketed(syn::parse_quote!(<#lifetime>));
                    }
                }
            } else if segment.ident == "Option"
                && let PathArguments::AngleBracketed(list) = &mut segment.arguments
            {
                for argument in &mut list.args {
                    if let GenericArgument::Type(inner) = argument {
                        write_hidden_lifetime(inner);
                    }
                }
            }
        }
        _ => {}
    }
}

/// The place of a `_`, which stands for a type that rustc is to find out.
pub(crate) fn placeholder(ty: &Type) -> Option<Span> {
    struct Find(Option<Span>);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_infer(&mut self, found: &'ast TypeInfer) {
            self.0.get_or_insert(found.underscore_token.span);
        }
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

struct FindLifetime {
    found: Option<Span>,
}

impl<'ast> Visit<'ast> for FindLifetime {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.found.get_or_insert(lifetime.span());
        }
    }

    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() {
            self.found.get_or_insert(reference.and_token.span);
        }
        visit::visit_type_reference(self, reference);
    }

    // Lifetimes in the signature of a function are not of data that its pointer holds.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

/// The type with every lifetime replaced by `'static`: it names a kind, not one borrow.
pub(crate) fn to_static(ty: &Type) -> Type {
    let mut ty = plain(ty).clone();
    MakeStatic.visit_type_mut(&mut ty);
    ty
}

struct MakeStatic;

impl VisitMut for MakeStatic {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        *lifetime = Lifetime::new("'static", lifetime.span());
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        let span = reference.and_token.span;
        reference.lifetime.get_or_insert_with(|| Lifetime::new("'static", span));
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

/// The `impl Trait`s in a type, outermost first.
pub(crate) fn impl_traits(ty: &Type) -> Vec<&TypeImplTrait> {
    struct Find<'ast>(Vec<&'ast TypeImplTrait>);
    impl<'ast> Visit<'ast> for Find<'ast> {
        fn visit_type_impl_trait(&mut self, found: &'ast TypeImplTrait) {
            self.0.push(found);
            visit::visit_type_impl_trait(self, found);
        }
    }
    let mut find = Find(Vec::new());
    find.visit_type(ty);
    find.0
}

/// The place where a type says `Self`.
pub(crate) fn self_type(ty: &Type) -> Option<&Ident> {
    struct Find<'ast>(Option<&'ast Ident>);
    impl<'ast> Visit<'ast> for Find<'ast> {
        fn visit_path(&mut self, path: &'ast Path) {
            if let Some(first) = path.segments.first().filter(|first| first.ident == "Self") {
                self.0.get_or_insert(&first.ident);
            }
            visit::visit_path(self, path);
        }
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

/// Which of a function's generic parameters some syntax mentions.
pub(crate) struct Mentioned<'g> {
    generics: &'g Generics,
    found: Vec<&'g Ident>,
}

impl<'g> Mentioned<'g> {
    pub(crate) fn new(generics: &'g Generics) -> Self {
        Mentioned { generics, found: Vec::new() }
    }

    /// The type and const parameters (and lifetimes, by name) that a type mentions.
    pub(crate) fn by_type(generics: &'g Generics, ty: &Type) -> Vec<&'g Ident> {
        let mut mentioned = Mentioned::new(generics);
        mentioned.visit_type(ty);
        mentioned.found()
    }

    pub(crate) fn found(self) -> Vec<&'g Ident> {
        self.found
    }

    /// Adds a parameter.
    pub(crate) fn add(&mut self, name: &'g Ident) {
        if !self.found.contains(&name) {
            self.found.push(name);
        }
    }
}

impl<'ast> Visit<'ast> for Mentioned<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let named = self.generics.params.iter().find_map(|param| match param {
                GenericParam::Type(param) => Some(&param.ident).filter(|it| **it == first.ident),
                GenericParam::Const(param) => Some(&param.ident).filter(|it| **it == first.ident),
                GenericParam::Lifetime(_) => None,
            });
            named.into_iter().for_each(|name| self.add(name));
        }
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        let named = self.generics.params.iter().find_map(|param| match param {
            GenericParam::Lifetime(param) => {
                Some(&param.lifetime.ident).filter(|it| **it == lifetime.ident)
            }
            _ => None,
        });
        named.into_iter().for_each(|name| self.add(name));
    }
}
