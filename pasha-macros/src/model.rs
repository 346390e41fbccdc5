//! What a kernel is: a function whose parameters have roles.
//!
//! The nodes hold the user's own syntax, so that whatever is found out later can be reported at
//! the user's own tokens. Parsing makes a model of any function, however wrong; `check` then says
//! whether it is a kernel, and only then is it expanded.

#![allow(clippy::large_enum_variant, reason = "one model of one function lives at a time")]

use proc_macro2::{Group, Ident};
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Pat, Path, Signature, Type, Visibility};

use crate::names;

/// A function under `#[kernel]`.
pub(crate) struct Kernel {
    pub(crate) options: Options,
    /// The function's attributes.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    /// The signature without the attributes that only the kernel understands.
    pub(crate) sig: Signature,
    /// The body, untouched.
    pub(crate) body: Group,
    pub(crate) params: Vec<Param>,
    pub(crate) returns: Returns,
}

/// What is said about the whole kernel, in the parentheses of `#[kernel(…)]`.
#[derive(Default)]
pub(crate) struct Options {
    /// Whether outputs are written with streaming stores.
    pub(crate) stream_stores: bool,
    /// The word `python`, where Python is to call it, too.
    pub(crate) python: Option<Ident>,
    /// The name of the struct of outputs, where it is not the usual one.
    pub(crate) output: Option<Ident>,
    /// Where the runtime crate is, where it is not `::pasha`.
    pub(crate) runtime: Option<Path>,
}

/// One parameter of the function.
pub(crate) struct Param {
    pub(crate) pat: Pat,
    /// Absent where the pattern has no single name.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Type,
    /// The attribute that gives the role; an item has none.
    pub(crate) attr: Option<Attribute>,
    /// Doc comments on an output, which become those of its field.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) role: Role,
}

/// What a parameter is bound to.
pub(crate) enum Role {
    Item(ItemKind),
    Shared {
        /// Whether each forked worker is to have a copy of its own, `#[shared(copied)]`.
        copied: bool,
    },
    Index,
    WorkerId,
    Output(Output),
    /// `#[scratch(EXPR)]`
    Scratch(Option<Expr>),
    /// A role that could not be read and has been reported; whether its parameter was probably
    /// meant to be an argument of the generated functions.
    Unknown {
        argument: bool,
    },
}

/// How the functor's entry comes to the function.
pub(crate) enum ItemKind {
    /// `value: T`
    Value,
    /// `value: &T`, with `T`
    Ref(Type),
    /// `frame: ArrayView2<A>`
    View(View),
    /// `train: Train<'_, A>`: a type that names itself a kernel item.
    Named,
    /// `&mut T` or `ArrayViewMut`: it wants to be written to, and has no role.
    Writable,
}

/// The element type and the dimension of an array view.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) element: Type,
    pub(crate) dim: Dim,
}

/// A dimension, as the view's name or arguments say it.
#[derive(Clone)]
pub(crate) enum Dim {
    /// The number of axes.
    Fixed(usize),
    Dyn,
    Written(Type),
}

/// A parameter that the function writes to and the caller gets back.
pub(crate) struct Output {
    pub(crate) kind: OutputKind,
    pub(crate) slot: Slot,
    pub(crate) extents: Vec<Extent>,
    /// `fill = EXPR`, or `init = EXPR` of a reduction.
    pub(crate) fill: Option<Expr>,
    /// `order = F` or `order = C`
    pub(crate) order: Option<Order>,
    /// Whether something of it was refused, so that what seems to be missing may be that.
    pub(crate) is_misread: bool,
}

/// When the slots of an output are written, and by whom.
pub(crate) enum OutputKind {
    PerIndex,
    PerWorker,
    /// With the merges that were named: one, if the user made no mistake.
    Reduce(Vec<Merge>),
}

/// What one call may write.
pub(crate) enum Slot {
    Array(View),
    Scalar(Type),
    /// `&mut Ragged<A>`, which grows as the kernel pushes.
    Pushed(Type),
    /// None of these, a mistake.
    Other,
}

/// How large a slot is.
pub(crate) enum Extent {
    /// `shape = EXPR`
    Shape(Ident, Expr),
    /// `like = NAME`
    Like(Ident, Ident),
    /// `ragged = EXPR`
    Ragged(Ident, Expr),
    /// `ragged`: as many as the kernel pushes.
    Pushed(Ident),
}

/// How accumulators become one.
pub(crate) enum Merge {
    /// `sum` and its like, with the name of the type that does it.
    BuiltIn(Ident, &'static str),
    Custom(Expr),
}

/// The memory order of an array.
pub(crate) struct Order {
    pub(crate) key: Ident,
    pub(crate) fortran: bool,
}

/// What the function returns.
pub(crate) struct Returns {
    /// Whether the function returns `Result`.
    pub(crate) fallible: bool,
    pub(crate) values: Values,
    /// The type as written.
    pub(crate) original: Option<Type>,
}

/// The values of one call.
pub(crate) enum Values {
    Nothing,
    One(Value),
    Tuple(Vec<Value>),
}

/// One returned value.
pub(crate) struct Value {
    pub(crate) original: Type,
    /// The element and the length, if it is `[T; N]`.
    pub(crate) row: Option<(Type, Expr)>,
}

impl Kernel {
    /// The items, in order of declaration.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&Param, &ItemKind)> {
        self.params.iter().filter_map(|param| match &param.role {
            Role::Item(kind) => Some((param, kind)),
            _ => None,
        })
    }

    /// The parameters that are the same for every call.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| matches!(param.role, Role::Shared { .. }))
    }

    /// The outputs, in order of declaration.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&Param, &Output)> {
        self.params.iter().filter_map(|param| match &param.role {
            Role::Output(output) => Some((param, output)),
            _ => None,
        })
    }

    /// The scratch buffers and the expressions that make them.
    pub(crate) fn scratch(&self) -> impl Iterator<Item = (&Param, Option<&Expr>)> {
        self.params.iter().filter_map(|param| match &param.role {
            Role::Scratch(expr) => Some((param, expr.as_ref())),
            _ => None,
        })
    }

    /// The names of parameters that an earlier one has, too.
    pub(crate) fn twins(&self) -> Vec<&Ident> {
        let names: Vec<_> = self.params.iter().filter_map(|param| param.name.as_ref()).collect();
        let is_twin = |number: usize, name: &Ident| {
            names[..number].iter().any(|before| before.unraw() == name.unraw())
        };
        let twins = names.iter().enumerate().filter(|(number, name)| is_twin(*number, name));
        twins.map(|(_, name)| *name).collect()
    }

    /// The name of the struct of outputs.
    pub(crate) fn output_struct(&self) -> Ident {
        match &self.options.output {
            Some(name) => name.clone(),
            None => names::output_struct(&self.sig.ident),
        }
    }

    /// Whether the outputs come in a struct: where there are several, and not just a tuple of
    /// returned values.
    pub(crate) fn has_output_struct(&self) -> bool {
        let outputs = self.outputs().count();
        outputs > 1 || (outputs == 1 && !self.returns.values.list().is_empty())
    }

    /// The parameter of this name, with `r#` or without.
    pub(crate) fn named(&self, name: &Ident) -> Option<&Param> {
        let name = name.unraw();
        self.params.iter().find(|param| param.name.as_ref().map(Ident::unraw) == Some(name.clone()))
    }
}

impl Param {
    /// The name as the user reads it.
    pub(crate) fn text(&self) -> Option<String> {
        self.name.as_ref().map(|name| name.unraw().to_string())
    }

    /// Whether the caller passes it to the generated functions.
    pub(crate) fn is_argument(&self) -> bool {
        matches!(self.role, Role::Item(_) | Role::Shared { .. } | Role::Unknown { argument: true })
    }
}

impl Output {
    /// `ragged = EXPR`
    pub(crate) fn ragged(&self) -> Option<&Expr> {
        self.extents.iter().find_map(|extent| match extent {
            Extent::Ragged(_, length) => Some(length),
            _ => None,
        })
    }

    /// `like = NAME`
    pub(crate) fn like(&self) -> Option<&Ident> {
        self.extents.iter().find_map(|extent| match extent {
            Extent::Like(_, name) => Some(name),
            _ => None,
        })
    }

    /// `shape = EXPR`
    pub(crate) fn shape(&self) -> Option<&Expr> {
        self.extents.iter().find_map(|extent| match extent {
            Extent::Shape(_, shape) => Some(shape),
            _ => None,
        })
    }

    /// The element type, unless the slot is a mistake.
    pub(crate) fn element(&self) -> Option<&Type> {
        match &self.slot {
            Slot::Array(view) => Some(&view.element),
            Slot::Scalar(element) | Slot::Pushed(element) => Some(element),
            Slot::Other => None,
        }
    }
}

impl Extent {
    /// The word that the user wrote.
    pub(crate) fn key(&self) -> &Ident {
        match self {
            Extent::Shape(key, _)
            | Extent::Like(key, _)
            | Extent::Ragged(key, _)
            | Extent::Pushed(key) => key,
        }
    }
}

impl Values {
    /// The values, one after another.
    pub(crate) fn list(&self) -> &[Value] {
        match self {
            Values::Nothing => &[],
            Values::One(value) => std::slice::from_ref(value),
            Values::Tuple(values) => values,
        }
    }
}

impl Value {
    /// The element of the array that the values go to.
    pub(crate) fn element(&self) -> &Type {
        match &self.row {
            Some((element, _)) => element,
            None => &self.original,
        }
    }
}
