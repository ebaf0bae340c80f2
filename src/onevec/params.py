"""Declare a constructor parameter once: its name, default, environment variable and other names.

A class body holds one annotated line for every accepted name. `Parameters` makes the constructor from it:

    class Example(Parameters):
        model: str = "small"
        example_api_key: SecretField = secret(env="EXAMPLE_API_KEY")
        api_key: SecretField = alias_of("example_api_key")

A value is taken from the argument, then from the environment, then from the default; if there is none of them,
`ConfigurationError` names the parameter and its variable.
"""

from __future__ import annotations

import copy
import inspect
import os
import sys
import warnings
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from .convert import converter
from .errors import ConfigurationError
from .secret import Secret, SecretField, masked, reveal_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Param",
    "Parameters",
    "Secret",
    "SecretField",
    "alias_of",
    "ignored",
    "param",
    "parameters_of",
    "reveal_secrets",
    "secret",
]

UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Param:
    """How one parameter gets its value.

    Attributes:
        name: the canonical name.
        default: the value if neither argument nor environment has one; `UNSET` makes the parameter required.
        env: environment variables, the first that is set wins.
        secret: whether the value is a `Secret`.
        shown: whether `repr` shows the value.
        annotation: the type as written in the class body.
        ignored: if not "", the parameter has no effect, and a warning with this text says so once.
    """

    name: str = ""
    default: Any = UNSET
    env: tuple[str, ...] = ()
    secret: bool = False
    shown: bool = True
    annotation: str = ""
    ignored: str = ""
    convert: Callable[[Any], Any] = field(default=lambda value: value, repr=False, compare=False)

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is UNSET

    @property
    def has_value(self) -> bool:
        """Whether there is a value, and not an empty one, when no argument is given."""
        return any(os.environ.get(variable) for variable in self.env) or bool(not self.required and self.default)

    def check(self, owner: str, value: Any, origin: str | None = None) -> Any:
        """The value in the declared type; `origin` is the variable that it came from."""
        try:
            return self.convert(value)
        except (TypeError, ValueError) as error:
            where = f"{origin} (parameter {self.name})" if origin else self.name
            message = f"{owner}: {where} {error}"
            raise ConfigurationError(message) from None

    def resolve(self, owner: str, names: str) -> Any:
        """The value when no argument was given: from the environment, or the default."""
        for variable in self.env:
            if value := os.environ.get(variable):
                return Secret(value, env=variable) if self.secret else self.check(owner, value, variable)
        if self.required:
            hint = f" or set the environment variable {' or '.join(self.env)}" if self.env else ""
            message = f"{owner} needs {names}: pass {self.name}=...{hint}"
            raise ConfigurationError(message)
        if self.secret and isinstance(self.default, str):
            return Secret(self.default)
        return copy.copy(self.default)


def param(*, env: str | tuple[str, ...] = (), default: Any = UNSET, shown: bool = True) -> Any:
    """A parameter that may come from an environment variable; without `default` it is required."""
    return Param(default=default, env=(env,) if isinstance(env, str) else env, shown=shown)


def secret(*, env: str | tuple[str, ...] = (), default: Any = UNSET) -> Any:
    """A credential; its value is a `Secret`."""
    return Param(default=default, env=(env,) if isinstance(env, str) else env, secret=True)


def ignored(instead: str, default: Any = None) -> Any:
    """A parameter of LangChain's class that has no effect here; a value gets a warning that says what to do instead."""
    return Param(default=default, shown=False, ignored=instead)


_warned: set[tuple[str, str]] = set()


def _warn_of_ignored(owner: str, spec: Param) -> None:
    if (owner, spec.name) not in _warned:
        _warned.add((owner, spec.name))
        warnings.warn(f"{owner}: {spec.name} has no effect: {spec.ignored}", UserWarning, stacklevel=3)


class _Alias:
    """A second name of a parameter, readable and writable."""

    def __init__(self, target: str) -> None:
        self.target = target

    def __get__(self, owner: Any, kind: type) -> Any:
        return self if owner is None else getattr(owner, self.target)

    def __set__(self, owner: Any, value: Any) -> None:
        setattr(owner, self.target, value)


def alias_of(target: str) -> Any:
    """A second name of the parameter `target`."""
    return _Alias(target)


def _secret(value: Any) -> Secret:
    """A `Secret` stays the same object, so that copies of an instance share what a function of keys answered."""
    return value if isinstance(value, Secret) else Secret(value)


def _annotations(cls: type) -> Mapping[str, str]:
    """The class body's annotations as text; Python 3.14 evaluates them late, so ask it for the text."""
    if sys.version_info >= (3, 14):
        import annotationlib  # exists from 3.14 on

        return annotationlib.get_annotations(cls, format=annotationlib.Format.STRING)
    found = inspect.get_annotations(cls)
    return {name: kind if isinstance(kind, str) else inspect.formatannotation(kind) for name, kind in found.items()}


def _declared(cls: type) -> tuple[dict[str, Param], dict[str, str]]:
    """The parameters and aliases in the class body."""
    params: dict[str, Param] = {}
    aliases: dict[str, str] = {}
    for name, annotation in _annotations(cls).items():
        if name.startswith("_") or "ClassVar" in annotation:
            continue
        value = cls.__dict__.get(name, UNSET)
        if isinstance(value, _Alias):
            aliases[name] = value.target
            continue
        spec = value if isinstance(value, Param) else Param(default=value)
        hidden = spec.secret or "SecretField" in annotation
        convert = _secret if hidden else converter(annotation)
        params[name] = replace(spec, name=name, annotation=annotation, convert=convert, secret=hidden)
    return params, aliases


@dataclass_transform(kw_only_default=True)
class Parameters:
    """Makes a keyword-only constructor from the annotated lines of the class body.

    Raises:
        ConfigurationError: a required value is missing, a name is unknown or given in two spellings, or a value has
            the wrong type. The message names the parameter and its environment variable.
    """

    _params: ClassVar[Mapping[str, Param]] = {}
    _aliases: ClassVar[Mapping[str, str]] = {}
    _transient: ClassVar[frozenset[str]] = frozenset()
    """Names of parameters that neither a pickle nor a comparison carries, such as an open connection."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        params, aliases = _declared(cls)
        bare = sorted(cls._params.keys() & vars(cls).keys() - params.keys() - aliases.keys())
        if bare:
            message = f"{cls.__name__}: {', '.join(bare)} must be annotated, or the new default has no effect"
            raise TypeError(message)
        cls._aliases = {**{k: v for k, v in cls._aliases.items() if k not in params}, **aliases}
        cls._params = {**{k: v for k, v in cls._params.items() if k not in aliases}, **params}
        cls.__signature__ = _signature(cls._params.items())  # type: ignore[attr-defined]  # help() and editors show it

    def __init__(self, *nameless: Any, **given: Any) -> None:
        owner = type(self).__name__
        if nameless:
            first = getattr(self, "model_parameter", None) or next(iter(self._params), "name")
            message = f"{owner} takes its parameters by name: write {owner}({first}={masked(repr(nameless[0]))}, ...)"
            raise TypeError(message)
        values = self._by_name(given)
        self._check_given(values)
        for name, spec in self._params.items():
            value = values.get(name)
            if value is None:
                value = spec.resolve(owner, self._spellings(name))
            else:
                value = spec.check(owner, value)
                if spec.ignored and value != spec.default:
                    _warn_of_ignored(owner, spec)
            object.__setattr__(self, name, value)
        self.__post_init__()

    def _check_given(self, values: Mapping[str, Any]) -> None:
        """Refuse what was given, by canonical names, before anything is taken from elsewhere; for subclasses."""

    def __post_init__(self) -> None:
        """Check what concerns several parameters; for subclasses."""

    def require(self, condition: object, message: str) -> None:
        """Refuse these parameters with a message unless the condition holds."""
        if not condition:
            whole = f"{type(self).__name__}: {message}"
            raise ConfigurationError(whole)

    def copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """A new instance with the same parameters, but for those in `update` (names or aliases)."""
        changed = self._by_name(dict(update or {}))
        return type(self)(**{**{name: getattr(self, name) for name in self._params}, **changed})

    model_copy = copy

    @classmethod
    def _by_name(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments under their canonical names."""
        spelled: dict[str, str] = {}
        for name in given:
            target = cls._aliases.get(name, name)
            if target not in cls._params:
                message = f"{cls.__name__} has no parameter {name!r}{cls._suggestion(name)}"
                raise ConfigurationError(message)
            if target in spelled:
                message = f"{cls.__name__}: {spelled[target]} and {name} are the same parameter: give one of them"
                raise ConfigurationError(message)
            spelled[target] = name
        return {target: given[name] for target, name in spelled.items()}

    @classmethod
    def _suggestion(cls, name: str) -> str:
        near = get_close_matches(name, [*cls._params, *cls._aliases], 1)
        return f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(cls._params))}"

    @classmethod
    def _spellings(cls, name: str) -> str:
        others = [alias for alias, target in cls._aliases.items() if target == name]
        return f"{name} (also spelled {', '.join(others)})" if others else name

    def _set(self, name: str, value: Any) -> None:
        """Check a value that is set later in the same way."""
        spec = self._params.get(name)
        if spec is not None:
            value = value if value is None else spec.check(type(self).__name__, value)
        elif not name.startswith("_") and not hasattr(type(self), name):
            message = f"{type(self).__name__} has no parameter {name!r}{self._suggestion(name)}"
            raise AttributeError(message)
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # a type checker that saw it would accept every name
        __setattr__ = _set

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name, spec in self._params.items() if spec.shown}
        shown = (
            f"{name}={masked(repr(value))}"
            for name, value in values.items()
            if isinstance(value, Secret) or value != self._params[name].default
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._params if name not in self._transient}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # makes locks, caches and connections anew

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __copy__(self) -> Self:
        return self.copy()


def parameters_of(cls: type[Parameters]) -> list[tuple[Param, tuple[str, ...]]]:
    """Every parameter of a class that has an effect, and its other spellings."""
    spelled: dict[str, list[str]] = {}
    for alias, target in cls._aliases.items():  # pyright: ignore[reportPrivateUsage]
        spelled.setdefault(target, []).append(alias)
    specs = cls._params.items()  # pyright: ignore[reportPrivateUsage]
    return [(spec, tuple(spelled.get(name, ()))) for name, spec in specs if not spec.ignored]


def _signature(params: Iterable[tuple[str, Param]]) -> inspect.Signature:
    """What `help()` shows: every parameter, keyword only, with its default."""
    shown: list[inspect.Parameter] = []
    for name, spec in params:
        default = inspect.Parameter.empty if spec.required and not spec.env else spec.default
        default = None if default is UNSET else default
        annotation = spec.annotation or inspect.Parameter.empty
        shown.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation))
    return inspect.Signature(shown)
