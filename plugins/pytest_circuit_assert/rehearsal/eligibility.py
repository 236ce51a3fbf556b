"""Which tests may be called beforehand: those of which one call more makes no difference."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

import pytest

from pytest_circuit_assert.markers import missing_for
from pytest_circuit_assert.rehearsal.cast import (
    arguments_of,
    fixtures_of,
    is_a_parameter,
    is_ours,
    parameters_of,
)
from pytest_circuit_assert.rehearsal.code import uses
from pytest_circuit_assert.rehearsal.values import Scrutiny

_OURS_FOR_FIXTURES = ("claims_session", "request")
_MAY_SKIP = ("skip", "skipif", "xfail")


class Eligibility:
    """Looks at tests; functions and fixtures that many of them share are looked at once."""

    def __init__(self) -> None:
        self._scrutiny = Scrutiny()
        self._fixtures: dict[Any, str | None] = {}

    def objection(self, item: pytest.Item) -> str | None:
        """Why a test is not rehearsed; None when it may be."""
        if type(item) is not pytest.Function:
            return "it is not a plain test function"
        if item.get_closest_marker("no_rehearsal") is not None:
            return "it is marked no_rehearsal"
        return self._of_function(item) or self._of_fixtures(item) or self._of_parameters(item)

    def _of_function(self, item: pytest.Function) -> str | None:
        function: object = item.obj
        if isinstance(function, MethodType):
            function = function.__func__
            if isinstance(function, FunctionType) and uses_self(function):
                return "it uses self"
        if not isinstance(function, FunctionType):
            return "it is not a plain test function"
        return self._scrutiny.of_function(function)

    def _of_fixtures(self, item: pytest.Function) -> str | None:
        asked = set(arguments_of(item)) & set(_OURS_FOR_FIXTURES)
        if asked:
            return f"it uses {min(asked)}"
        return next(
            filter(None, (self._of_fixture(item, name) for name in item.fixturenames)), None
        )

    def _of_fixture(self, item: pytest.Function, name: str) -> str | None:
        if name == "request":  # those of ours use it; another that does is refused for it
            return None
        definitions = fixtures_of(item).get(name, ())
        if len(definitions) != 1:
            return f"the fixture {name} is defined more than once, or nowhere"
        (fixture,) = definitions
        if fixture not in self._fixtures:
            self._fixtures[fixture] = self._of_definition(fixture)
        objection = self._fixtures[fixture]
        return objection and f"its fixture {name}: {objection}"

    def _of_definition(self, fixture: Any) -> str | None:  # noqa: ANN401 - pytest's, not public
        if is_ours(fixture) or is_a_parameter(fixture):
            return None
        if not isinstance(fixture.func, FunctionType):
            return "it is not a plain function"
        asked = set(fixture.argnames) & set(_OURS_FOR_FIXTURES)
        if asked:
            return f"it uses {min(asked)}"
        return self._scrutiny.of_function(fixture.func)

    def _of_parameters(self, item: pytest.Function) -> str | None:
        found = (
            self._scrutiny.of_value(value, name)
            for name, value in parameters_of(item).items()
            if not _is_of_ours(item, name)
        )
        return next(filter(None, found), None)


def _is_of_ours(item: pytest.Function, name: str) -> bool:
    """Whether a parameter is a model of `model_fixture`'s list, which only it gets to see."""
    return any(map(is_ours, fixtures_of(item).get(name, ())))


def uses_self(method: FunctionType) -> bool:
    """Whether a method needs the object that it belongs to."""
    first = method.__code__.co_varnames[:1]
    return any(uses(method.__code__, name) for name in first)


def may_be_skipped(item: pytest.Item) -> bool:
    """Whether the test may never ask for its claims: these are listed, and not prefetched."""
    return is_marked_to_skip(item) or missing_for(item) is not None


def is_marked_to_skip(item: pytest.Item) -> bool:
    """Whether its markers may skip it, on this machine or another."""
    return any(item.get_closest_marker(name) is not None for name in _MAY_SKIP)
