"""What claim functions are called with: mistakes are told before a model loads."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Collection, Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts

Least: TypeAlias = float
"""The smallest size of an effect that counts: zero or more."""

_PROMPTS = {"Prompts", "PromptSet", "Reference", "RepeatedTokens"}
_NUMBERS = {"float", "int", "Least"}
_SIDE = re.compile(r"Literal\[['\"]corrupt['\"]\]")


def bound(
    name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """A call's arguments by name, with defaults.

    Args:
        name: The claim function's.
        signature: Its signature.
        args: Those given by place.
        kwargs: Those given by name.

    Raises:
        TypeError: when the function cannot be called so.
        ClaimError: for an argument that is no number, no component or no prompt set where it has
            to be one.
    """
    try:
        found = signature.bind(*args, **kwargs)
    except TypeError as problem:
        raise TypeError(_miscalled(name, signature, args, kwargs) or str(problem)) from None
    for argument, value in found.arguments.items():
        _check(f"{name}: {argument}=", signature.parameters[argument].annotation, value)
    found.apply_defaults()
    return dict(found.arguments)


def _miscalled(
    name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> str:
    """What is wrong with a call, and how it is meant."""
    parameters = signature.parameters
    by_place = [each for each in parameters.values() if each.kind is not each.KEYWORD_ONLY]
    takes = f"it is {name}{_plain(signature)}"
    any_name = any(each.kind is each.VAR_KEYWORD for each in by_place)
    by_place = [each for each in by_place if each.kind is not each.VAR_KEYWORD]
    if not any_name and (unknown := [each for each in kwargs if each not in parameters]):
        return f"{name} takes no {unknown[0]}={nearest(unknown[0], parameters)}; {takes}."
    if len(args) > len(by_place):
        return (
            f"{name} takes {len(by_place)} of its arguments by place, and got {len(args)}: give "
            f"the others by name; {takes}."
        )
    given = {*[each.name for each in by_place[: len(args)]], *kwargs}
    needed = [each.name for each in parameters.values() if each.default is each.empty]
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    lacking = [n for n in needed if n not in given and parameters[n].kind not in variable]
    if lacking:
        return f"{name} needs {' and '.join(f'{each}=' for each in lacking)}; {takes}."
    return ""


def nearest(name: str, names: Collection[str], said: str = ": did you mean {}=?") -> str:
    """A question after the nearest of some names; empty where none is near.

    Args:
        name: What was written.
        names: Those that there are.
        said: How to ask, with braces for the name.
    """
    found = difflib.get_close_matches(name, names, n=1)
    return said.format(found[0]) if found else ""


def _plain(signature: inspect.Signature) -> str:
    """A signature with names alone: "(head, *, on, by=…)"."""
    shown = [
        each.replace(
            annotation=each.empty, default=each.default if each.default is each.empty else _Shown()
        )
        for each in signature.parameters.values()
    ]
    return str(inspect.Signature(shown))


class _Shown:
    def __repr__(self) -> str:
        return "…"


def _check(argument: str, annotation: object, value: object) -> None:
    kinds = set(_SIDE.sub("'corrupt'", str(annotation)).split(" | "))
    if value is None and "None" in kinds:
        return
    if kinds & _NUMBERS and kinds <= _NUMBERS | {"None"}:
        _check_number(argument, value, least=0.0 if "Least" in kinds else -math.inf)
    elif "Subject" in kinds and kinds <= {"Subject", "None"} and not isinstance(value, Subject):
        raise ClaimError(
            f'{argument} is one or more components of a model, as model["L5H1"]; got '
            f"{_said(value)}."
        )
    elif kinds & _PROMPTS and kinds <= _PROMPTS | {"None", "'corrupt'"}:
        sides = kinds & {"'corrupt'", "Reference"}
        if not isinstance(value, Prompts) and not (sides and value in ("corrupt", None)):
            raise ClaimError(_no_prompts(argument, value, sides=bool(sides)))


def _check_number(argument: str, value: object, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise ClaimError(f"{argument} is a number; got {_said(value)}.")
    if value < least:
        raise ClaimError(
            f"{argument} is the smallest size that counts, {least:g} or more, since the claim says "
            f"already which way the effect goes; got {value:g}."
        )


def _no_prompts(argument: str, value: object, *, sides: bool) -> str:
    said = f"{argument} is a prompt set" + (' or "corrupt"' if sides else "")
    if callable(value):
        name = getattr(value, "__name__", "…")
        return f"{said}; got the function {name}: call it, as {name}()."
    how = "ioi(), plain_text(), or one of your own, PromptSet(name, (Prompt(text, …), …))"
    return f"{said}, as {how}; got {_said(value)}."


def _said(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:60]}…"
