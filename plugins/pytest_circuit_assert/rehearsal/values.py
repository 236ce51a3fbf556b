"""What a function may use from outside and stay harmless: constants, claims, handles, helpers."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType, ModuleType

from pytest_circuit_assert.rehearsal.code import ATTRIBUTES, Taken, deed, taken

_NAMES = """
    AssertionError ValueError abs all any bool dict enumerate filter float frozenset int isinstance
    len list map max min range repr reversed round set sorted str sum tuple zip
"""
_BUILTINS = (*(getattr(builtins, name) for name in _NAMES.split()), dataclasses.replace)
_NUMBERS_AND_TEXTS = (bool, int, float, complex, str, bytes, range)
_CONSTANTS = (*_NUMBERS_AND_TEXTS, type(None), type(Ellipsis), type(Path()))
_CONTAINERS = (tuple, list, set, frozenset)
_ROOMS = ("components", "prompts", "interventions", "measurements")
_MEASURING = (
    "Session",
    "congruent_neurons",
    "discover",
    "falsify",
    "find_counterexample",
    "model",
    "on_one_prompt",
)
_BOUND = ("Subject",)
"""Of the library's classes, those whose objects may belong to a model that would be loaded."""


class Scrutiny:
    """Looks at functions and values, each once."""

    def __init__(self) -> None:
        self._functions: dict[FunctionType, str | None] = {}

    def of_function(self, function: FunctionType) -> str | None:
        """Why calling a function twice may differ from calling it once; None when it does not."""
        if function not in self._functions:
            self._functions[function] = "it may call itself"  # said while it is looked at
            self._functions[function] = self._function(function)
        return self._functions[function]

    def of_value(self, value: object, called: str) -> str | None:
        """Why a value is none of those that are known to be harmless.

        Args:
            value: A global, a parameter, or an element of one.
            called: How the test calls it.
        """
        kind = type(value)
        if kind in _CONSTANTS:
            return None
        if isinstance(value, dict) and kind is dict:
            return self._first((*value.keys(), *value.values()), called)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        if isinstance(value, _CONTAINERS) and kind in _CONTAINERS:
            return self._first(value, called)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, FunctionType) and not _is_builtin(value):
            return None if _is_the_librarys(value) else self._helper(value, called)
        if _is_claim_type(value):
            return self._claim_type(value, called)
        known = _is_builtin(value) or _is_description(value)
        return None if known else f"it uses {called}, a {kind.__name__}"

    def _first(self, values: Iterable[object], called: str) -> str | None:
        return next(filter(None, (self.of_value(value, called) for value in values)), None)

    def _helper(self, function: FunctionType, called: str) -> str | None:
        objection = self.of_function(function)
        return objection and f"it calls {called}, and {objection}"

    def _claim_type(self, value: object, called: str) -> str | None:
        """The library's are known; one's own is a function like any other."""
        function = getattr(value, "__wrapped__", None)
        if not isinstance(function, FunctionType):
            return f"it uses {called}, a {type(value).__name__}"
        return None if _is_the_librarys(function) else self._helper(function, called)

    def _function(self, function: FunctionType) -> str | None:
        if vars(function).keys() - {"pytestmark"}:
            return "it is wrapped"
        return deed(function.__code__) or self._surroundings(function)

    def _surroundings(self, function: FunctionType) -> str | None:
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        found = [self.of_value(value, "a default") for value in defaults]
        found += [self._global(function, one) for one in taken(function.__code__)]
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                found.append(self.of_value(cell.cell_contents, name))
            except ValueError:  # nothing in it yet
                found.append(f"it uses {name}, which is not there")
        return next(filter(None, found), None)

    def _global(self, function: FunctionType, one: Taken) -> str | None:
        space, name, attribute = function.__globals__, one.name, one.attribute
        if name not in space and not hasattr(builtins, name):
            return f"it uses {name}, which is not there"
        value = space[name] if name in space else getattr(builtins, name)
        if isinstance(value, ModuleType):
            return self._of_module(value, attribute, f"{name}.{attribute}")
        if attribute and attribute not in ATTRIBUTES:
            return f"it uses {name}.{attribute}"
        return self.of_value(value, name)

    def _of_module(self, module: ModuleType, attribute: str, called: str) -> str | None:
        ours = module.__name__ == "circuit_assert" or _is_in_a_room(module.__name__)
        if not ours or attribute in _MEASURING or not hasattr(module, attribute):
            return f"it uses {called}"
        return self.of_value(getattr(module, attribute), called)


def _is_claim_type(value: object) -> bool:
    kind = type(value)
    return (kind.__module__, kind.__name__) == ("circuit_assert.claims.claim", "ClaimType")


def _is_builtin(value: object) -> bool:
    return any(value is known for known in _BUILTINS)


def _is_the_librarys(function: FunctionType) -> bool:
    """Whether it is a function of the library that only describes."""
    module = function.__module__ or ""
    describes = module.startswith("circuit_assert.claims.") or _is_in_a_room(module)
    return describes and function.__name__ not in _MEASURING


def _is_description(value: object) -> bool:
    """Prompts, components, verdicts, and the classes that make them."""
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__.startswith("circuit_assert.stats") and kind.__name__ == "Verdict":
        return True
    described = dataclasses.is_dataclass(kind) and _is_in_a_room(kind.__module__)
    return described and kind.__name__ not in _BOUND


def _is_in_a_room(module: str) -> bool:
    return module.startswith(tuple(f"circuit_assert.{room}" for room in _ROOMS))
