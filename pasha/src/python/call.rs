//! A call from Python: its arguments, its keywords, the map, and what it gives back.

use std::cell::Cell;
use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::argument::{Argument, CallError, PyArgument};
use super::contexts;
use super::description::{Called, Description};
use super::errors;
use super::interrupt::Interrupt;
use super::item::{HeldItem, PyItem};
use super::options::Keywords;
use super::out;
use super::outputs::{Makers, PyOutputs, Taken};
use super::report;
use crate::context::{AnyContext, Context};
use crate::error::Result;
use crate::functor::list::IntoFunctors;
use crate::kernel::{Kernel, Out};
use crate::map;
use crate::options::ContextOptions;
use crate::output::pack::OutputSet;
use crate::report::Report;

use super::shared::{PyShared, PyValue};

/// What all calls of one kernel have in common.
#[derive(Debug)]
pub(crate) struct Bindings {
    pub(crate) description: Description,
    /// The named tuple of its outputs, where there are several.
    pub(crate) class: Option<Py<PyAny>>,
    pub(crate) makers: Makers,
    pub(crate) progress: Py<PyAny>,
    pub(crate) report: Py<PyAny>,
}

/// A call from Python.
pub struct Call<'c, 'py> {
    py: Python<'py>,
    bindings: &'c Bindings,
    arguments: Vec<Bound<'py, PyAny>>,
    out: Option<Bound<'py, PyAny>>,
    context: Arc<dyn Context>,
    keywords: Keywords<'py>,
    /// The bytes of all items, as far as they were taken.
    size: Cell<usize>,
}

/// The most bytes of items of a serial map that ends before Ctrl-C is looked at: a map that can be
/// interrupted takes 10 µs more than one that can't.
const SMALL: usize = 1 << 16;

impl std::fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?})", self.bindings.description.name)
    }
}

impl<'c, 'py> Call<'c, 'py> {
    /// Reads what the function of `functions.py` hands over: the kernel's arguments, `out`,
    /// `context`, and the other keywords.
    pub(crate) fn read(bindings: &'c Bindings, given: &Bound<'py, PyTuple>) -> PyResult<Self> {
        let py = given.py();
        type Optional<'py> = Option<Bound<'py, PyAny>>;
        type Given<'py> = (Bound<'py, PyTuple>, Optional<'py>, Optional<'py>, Bound<'py, PyDict>);
        let (arguments, out, context, keywords): Given<'py> = given.extract()?;
        Ok(Call {
            py,
            bindings,
            arguments: arguments.iter().collect(),
            out,
            context: contexts::context(py, context.as_ref())?,
            keywords: Keywords::read(bindings.description.name, Some(&keywords))?,
            size: Cell::new(0),
        })
    }

    fn argument(&self, place: usize) -> PyResult<PyArgument<'_, 'py>> {
        let parameter = self.bindings.description.parameters.get(place);
        match (parameter, self.arguments.get(place)) {
            (Some(parameter), Some(value)) => {
                Ok(PyArgument(Argument { name: parameter.name, value }))
            }
            _ => Err(PyTypeError::new_err(format!("there is no argument {place}"))),
        }
    }

    /// The argument at this place, of which items are read.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn item<P: PyItem>(&self, place: usize) -> Result<P::Held, CallError> {
        let held = P::hold(self.argument(place)?)?;
        self.size.set(self.size.get() + held.size());
        Ok(held)
    }

    /// The argument at this place, as what a shared parameter borrows from.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn shared<S: PyShared>(&self, place: usize) -> Result<S::Held, CallError> {
        S::hold(self.argument(place)?)
    }

    /// The argument at this place, as a value.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn value<V: PyValue>(&self, place: usize) -> Result<V, CallError> {
        V::of(self.argument(place)?)
    }

    /// Runs the kernel, and gives its outputs to Python.
    ///
    /// # Errors
    /// Whatever keeps the map from starting or from finishing.
    pub fn run<K, F>(&self, kernel: &K, functors: F) -> Called
    where
        K: Kernel<Set: OutputSet<Arrays: PyOutputs>>,
        F: IntoFunctors<K::Items> + Clone + Send,
        Out<K>: Send,
    {
        let (context, interrupt) = self.context()?;
        let wants_report = self.keywords.report || may_skip(&*context);
        let Some(out) = &self.out else {
            let context = &*context;
            let ran = self.py.detach(|| match wants_report {
                true => map::report(context, kernel, functors).map(with_report),
                false => map::run(context, kernel, functors).map(|out| (out, None)),
            });
            let (out, report) = self.outcome(ran, &interrupt)?;
            return self.give_new::<K::Set>(out, report);
        };
        if let Some(paths) = out::paths(&self.bindings.description, out)? {
            let ran = self.py.detach(|| {
                let mut out = map::alloc(&*context, kernel, functors.clone())?;
                <K::Set as OutputSet>::Arrays::lay_into(
                    K::Set::arrays_mut(&mut out),
                    &mut paths.into_iter(),
                    &context,
                )?;
                let report = map::report_into(&*context, kernel, functors, &mut out)?;
                Ok((out, wants_report.then_some(report)))
            });
            let (out, report) = self.outcome(ran, &interrupt)?;
            return self.give_new::<K::Set>(out, report);
        }
        let mut taken: Taken<K::Set> = out::take(&self.bindings.description, out)?;
        let Some(out) = taken.out() else { return self.give(Vec::new(), None) };
        let context = &*context;
        let ran = self.py.detach(|| match wants_report {
            true => map::report_into(context, kernel, functors, out).map(Some),
            false => map::run_into(context, kernel, functors, out).map(|()| None),
        });
        let given = taken.put_back(self.py)?;
        let report = self.outcome(ran, &interrupt)?;
        self.give(given, report)
    }

    /// Gives outputs to Python that were allocated for this call.
    fn give_new<S: OutputSet<Arrays: PyOutputs>>(
        &self,
        mut out: S::Out,
        report: Option<Report>,
    ) -> Called {
        let mut given = Vec::new();
        let arrays = S::arrays_mut(&mut out);
        <S::Arrays as PyOutputs>::give(arrays, self.py, &self.bindings.makers, &mut given)?;
        self.give(given, report)
    }

    /// The context with the options of the call, and what ends the map from Python.
    fn context(&self) -> PyResult<(AnyContext, Interrupt)> {
        let mut context: AnyContext = Box::new(Arc::clone(&self.context));
        let interrupt = Interrupt::new();
        let is_small = self.context.runs_on_caller() && self.size.get() <= SMALL;
        if is_small && self.keywords.are_none() {
            return Ok((context, interrupt));
        }
        let token = interrupt.token(self.context.memory());
        if self.keywords.are_none() {
            return Ok((context.cancel_token(&token), interrupt));
        }
        let watching = self.keywords.apply(context.options_mut())?;
        context = context.cancel_token(&token);
        if let Some(watching) = watching {
            context = watching.over(context, &self.bindings.progress, &interrupt);
        }
        Ok((context, interrupt))
    }

    /// What the map gave, or why it did not: an exception of Python's that ended it, or its error.
    fn outcome<T>(&self, ran: Result<T>, interrupt: &Interrupt) -> PyResult<T> {
        match interrupt.take() {
            Some(raised) => Err(raised),
            None => ran.map_err(|error| errors::raised(self.py, error)),
        }
    }

    /// The outputs as the kernel packs them, and the report if it is asked for.
    fn give(&self, outputs: Vec<Py<PyAny>>, report: Option<Report>) -> Called {
        let (py, bindings) = (self.py, self.bindings);
        let Description { outputs: names, returns_tuple, .. } = bindings.description;
        let given = match &bindings.class {
            Some(class) => {
                let mut outputs = outputs;
                let returned = outputs.split_off(names.len().min(outputs.len()));
                if returns_tuple {
                    outputs.push(PyTuple::new(py, returned)?.into_any().unbind());
                } else {
                    outputs.extend(returned);
                }
                class.call1(py, PyTuple::new(py, outputs)?)?
            }
            None if returns_tuple => PyTuple::new(py, outputs)?.into_any().unbind(),
            None => outputs.into_iter().next().unwrap_or_else(|| py.None()),
        };
        let Some(told) = report else { return Ok(given) };
        report::warn_of_skipped(py, &told)?;
        if !self.keywords.report {
            return Ok(given);
        }
        let told = report::object(py, &bindings.report, &told)?;
        Ok((given, told).into_pyobject(py)?.into_any().unbind())
    }
}

fn with_report<T>((out, report): (T, Report)) -> (T, Option<Report>) {
    (out, Some(report))
}

fn may_skip(context: &dyn Context) -> bool {
    context.options().on_failure.may_skip().is_some()
}

/// Calls the first of a kernel's variants whose elements are those that were given.
pub(crate) fn first_that_fits(
    call: &Call<'_, '_>,
    variants: &[fn(&Call<'_, '_>) -> Called],
) -> PyResult<Py<PyAny>> {
    let parameters = call.bindings.description.parameters;
    let place_of = |name: &str| parameters.iter().position(|parameter| parameter.name == name);
    // Of the variants that fit best: how many arguments they take, and what they want of the next.
    let mut best: Option<(Option<usize>, String, String, String)> = None;
    let mut all_wanted: Vec<&'static str> = Vec::new();
    for variant in variants {
        let (argument, found, wanted, advice) = match variant(call) {
            Ok(given) => return Ok(given),
            Err(CallError::Raised(error)) => return Err(error),
            Err(CallError::Dtype { argument, found, wanted, advice }) => {
                (argument, found, wanted, advice)
            }
        };
        let place = place_of(&argument);
        if best.as_ref().is_none_or(|(best, ..)| *best < place) {
            best = Some((place, argument, found, advice));
            all_wanted.clear();
        }
        if best.as_ref().is_some_and(|(best, ..)| *best == place) && !all_wanted.contains(&wanted) {
            all_wanted.push(wanted);
        }
    }
    let Some((_, argument, found, advice)) = best else {
        return Err(PyValueError::new_err("the kernel has no types"));
    };
    let wanted = all_wanted.join(" or ");
    Err(PyTypeError::new_err(format!(
        "argument `{argument}`: its elements are {found}, but the kernel takes {wanted}: {advice}"
    )))
}
