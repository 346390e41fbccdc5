"""What a module of kernels has of Python's: functions, the classes of outputs, exceptions."""

import collections
import inspect
import operator


class Ragged:
    """Slots of different lengths, back to back: of index `i` the slot is `array[i]`.

    `values` has all elements; slot `i` is `values[offsets[i]:offsets[i + 1]]`. A slice, such as
    `array[2:5]`, has the slots from 2 on and before 5; its `values` are those of this array.
    """

    __slots__ = ("values", "offsets")

    def __init__(self, values, offsets):
        self.values = values
        self.offsets = offsets

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, index):
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise IndexError(f"a slice of a ragged array has the step 1, not {step}")
            offsets = self.offsets[start : max(start, stop) + 1]
            return type(self)(self.values[int(offsets[0]) : int(offsets[-1])], offsets - offsets[0])
        number = operator.index(index)
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(f"there is no slot {index}: there are {len(self)}")
        return self.values[int(self.offsets[number]) : int(self.offsets[number + 1])]

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def __repr__(self):
        return f"Ragged({list(self)!r})"

    def __reduce__(self):
        return (type(self), (self.values, self.offsets))


class Report:
    """What happened during a map. `print(report)` tells it in words."""

    def __init__(self, text, **fields):
        self._text = text
        self.__dict__.update(fields)

    def __str__(self):
        return self._text

    def __repr__(self):
        return f"<Report: {self._text.splitlines()[0]}>"


Progress = collections.namedtuple(
    "Progress", "finished len failed elapsed per_second time_left bytes_per_second"
)


class PashaError(Exception):
    """A map did not finish."""

    index = None
    worker_id = None
    host = None
    attempts = None
    signal = None
    status = None


class KernelError(PashaError):
    """The kernel returned an error for the item at `index`."""


class KernelPanic(PashaError):
    """The kernel panicked at the item at `index`."""


class WorkerDied(PashaError):
    """A worker process died at the item at `index`, by `signal` or with exit `status`."""


class ItemTimeout(PashaError):
    """The item at `index` took longer than `item_timeout`."""


def exceptions():
    """The classes of exceptions: those of `pasha_rs` where it is installed."""
    names = ("PashaError", "KernelError", "KernelPanic", "WorkerDied", "ItemTimeout")
    try:
        import pasha_rs

        return [getattr(pasha_rs, name) for name in names]
    except (ImportError, AttributeError):
        return [globals()[name] for name in names]


# The default of each option; what they do is in the documentation of the crate.
OPTIONS = {
    "out": None,
    "context": None,
    "report": False,
    "progress": None,
    "on_failure": None,
    "skip": None,
    "retry": None,
    "item_timeout": None,
    "deadline": None,
    "stop_within": None,
    "resume": None,
    "durable": False,
    "timeline": None,
    "share": None,
    "static_split": False,
    "reproducible": False,
    "pin_workers": False,
    "huge_pages": True,
    "worker_lifespan": None,
    "worker_memory": None,
    "nice": None,
}


def function(module, name, doc, parameters, call):
    """A function with these parameters, as if it were written in the module."""
    arguments = ", ".join(parameters)
    source = (
        f"def {name}({arguments}, *, out=None, context=None, **options):\n"
        f"    return _call(({arguments},), out, context, options)\n"
    )
    variables = {"__name__": module, "_call": call}
    exec(compile(source, f"<kernels of {module}>", "exec"), variables)
    made = variables[name]
    made.__doc__ = doc
    kinds = inspect.Parameter
    made.__signature__ = inspect.Signature(
        [kinds(parameter, kinds.POSITIONAL_OR_KEYWORD) for parameter in parameters]
        + [kinds(key, kinds.KEYWORD_ONLY, default=value) for key, value in OPTIONS.items()]
    )
    return made


def outputs(module, name, fields):
    """A named tuple of outputs."""
    return collections.namedtuple(name, fields, module=module)
