"""The parts of a docstring, and a signature as it is written."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_SECTION = re.compile(r"^(Args|Raises|Published|Pitfalls|Example):$", re.MULTILINE)
_PUBLIC = {"Passages": "plain_text", "RepeatedTokens": "repeated_tokens"}
"""Classes of prompts, and what makes them."""
_ARGUMENT = re.compile(r"^(\w+): ", re.MULTILINE)


@dataclass(frozen=True)
class Docstring:
    """What a claim function says of itself.

    Args:
        prose: The definition and the controls, in paragraphs.
        arguments: Argument → what it means.
        published: What the source found.
        pitfalls: What it does not say, and what it is mistaken for.
        example: Lines of a doctest; empty where there is none.
    """

    prose: str
    arguments: Mapping[str, str]
    published: str
    pitfalls: str
    example: str


def docstring_of(function: object) -> Docstring:
    """The parts of a function's docstring.

    Raises:
        ValueError: when it has none.
    """
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function!r} has no docstring, so it cannot be in the catalogue.")
    prose, *rest = _SECTION.split(text)
    sections = {
        name: textwrap.dedent(content).strip()
        for name, content in zip(rest[::2], rest[1::2], strict=True)
    }
    return Docstring(
        prose.strip(),
        _arguments(sections.get("Args", "")),
        sections.get("Published", ""),
        sections.get("Pitfalls", ""),
        sections.get("Example", ""),
    )


def _arguments(section: str) -> dict[str, str]:
    _, *rest = _ARGUMENT.split(section)
    return {
        name: " ".join(words.split()) for name, words in zip(rest[::2], rest[1::2], strict=True)
    }


def signature_of(function: Callable[..., Any]) -> str:
    """Name, arguments and defaults as they are written, constants of the module spelled out.

    Raises:
        ValueError: for anything but a function.
    """
    inner = inspect.unwrap(function)
    parsed = ast.parse(textwrap.dedent(inspect.getsource(inner))).body[0]
    if not isinstance(parsed, ast.FunctionDef):
        raise ValueError(f"{inner!r} is no function.")
    made = _constants(inspect.getmodule(inner))
    given = parsed.args
    for argument in (*given.args, *given.kwonlyargs, *filter(None, [given.kwarg])):
        argument.annotation = None
    given.defaults = [_spelled(default, made) for default in given.defaults]
    given.kw_defaults = [default and _spelled(default, made) for default in given.kw_defaults]
    return f"{parsed.name}({ast.unparse(given)})".replace("'", '"')


def _constants(module: ModuleType | None) -> dict[str, ast.expr]:
    """What the constants of a module are made of."""
    statements = ast.parse(inspect.getsource(module)).body if module else []
    made: dict[str, ast.expr] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                made[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                made[name] = value
            case _:
                pass
    return made


def _spelled(default: ast.expr, made: Mapping[str, ast.expr]) -> ast.expr:
    if not isinstance(default, ast.Name):
        return default
    value = made.get(default.id, default)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        value.func.id = _PUBLIC.get(value.func.id, value.func.id)
    return value
