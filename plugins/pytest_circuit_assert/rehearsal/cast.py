"""What a rehearsed test is called with: parameters as they are, and handles of the stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_circuit_assert import fixtures

if TYPE_CHECKING:
    from circuit_assert import Session
    from circuit_assert.models.model import Model
    from pytest_circuit_assert.rehearsal.stage import Handles

_PARAMETER = ("_pytest.python", "get_direct_param_fixture_func")


def arguments_of(item: pytest.Function) -> tuple[str, ...]:
    """The names of the fixtures and parameters that the test's function takes."""
    return vars(item)["_fixtureinfo"].argnames


def fixtures_of(item: pytest.Function) -> Mapping[str, Sequence[Any]]:
    """The definitions of a test's fixtures, by name; pytest has no public way to them."""
    return vars(item)["_fixtureinfo"].name2fixturedefs


def parameters_of(item: pytest.Function) -> Mapping[str, object]:
    """What the test is parametrised with."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


def is_a_parameter(fixture: Any) -> bool:  # noqa: ANN401 - pytest's, not public
    """Whether a definition only passes a parameter on."""
    return (fixture.func.__module__, fixture.func.__name__) == _PARAMETER


def is_ours(fixture: Any) -> bool:  # noqa: ANN401 - likewise
    """Whether the plugin defines it: `model_fixture`'s, prompts, the session."""
    return fixture.func.__module__ == fixtures.__name__


def models_of(item: pytest.Item, handles: Handles | Session) -> list[Model]:
    """The models that a test is given, told from its fixtures; none where they cannot be told.

    Args:
        item: A test.
        handles: Who gives them.
    """
    from circuit_assert.models.model import Model

    if not isinstance(item, pytest.Function):
        return []
    stand_in, found = Cast(handles), list[Model]()
    for name, definitions in fixtures_of(item).items():
        if is_ours(definitions[-1]) and name != "claims_session":
            with suppress(Exception):  # whoever runs the test meets it
                given = _several(stand_in.value(item, name))
                found += [each for each in given if isinstance(each, Model)]
    return found


def _several(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, (list, tuple)) else (value,)


class Cast:
    """Gives each test its arguments.

    Args:
        handles: Stands for the session.
    """

    def __init__(self, handles: Handles | Session) -> None:
        self._handles = handles

    def call(self, item: pytest.Function) -> None:
        """Call the test's function once."""
        item.obj(**{name: self.value(item, name) for name in arguments_of(item)})

    def value(self, item: pytest.Function, name: str) -> Any:  # noqa: ANN401
        """What a test's argument is.

        Args:
            item: The test.
            name: Of a fixture or parameter.
        """
        if name == "claims_session":
            return self._handles
        fixture = fixtures_of(item)[name][-1]
        if is_a_parameter(fixture):
            return parameters_of(item)[name]
        return fixture.func(
            **{
                each: _request(item, name) if each == "request" else self.value(item, each)
                for each in fixture.argnames
            }
        )


def _request(item: pytest.Function, name: str) -> SimpleNamespace:
    """What a fixture of the plugin asks: for options, and for which of its models it is."""
    return SimpleNamespace(config=item.config, param=parameters_of(item).get(name))
