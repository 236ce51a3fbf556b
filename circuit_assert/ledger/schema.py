"""The ledger's format, from its records' own docstrings: as a JSON schema, and as a page."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args, get_origin

from circuit_assert.ledger import records
from circuit_assert.ledger.records import (
    SCHEMA,
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ExampleRecord,
    FindingRecord,
    ModelRecord,
    NotRunRecord,
    RunRecord,
    ScoresRecord,
)

LINES = (RunRecord, ModelRecord, ClaimRecord, AssertionRecord, NotRunRecord, EndRecord)
"""The records that are lines of a ledger, in the order in which they come."""

PARTS = (FindingRecord, ExampleRecord)
"""The records that are inside of others."""

BESIDE = (ScoresRecord,)
"""The records that are kept beside a ledger."""

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_URL = "https://json-schema.org/draft/2020-12/schema"


class Documented(NamedTuple):
    """One field of a record.

    Args:
        name: As it is in the file.
        kind: Its type, as Python writes it.
        required: Whether a line without it is none.
        words: What it holds.
    """

    name: str
    kind: Any
    required: bool
    words: str


def documented(record: type[Any]) -> list[Documented]:
    """The fields of a record, in their order, with what they are."""
    hints, words = typing.get_type_hints(record), _docstrings(record)
    return [
        Documented(each.name, hints[each.name], _is_required(each), _in_json(words[each.name]))
        for each in fields(record)
    ]


def json_schema() -> dict[str, Any]:
    """The JSON schema of one line; fields and records that it does not know are allowed."""
    return {
        "$schema": _URL,
        "title": "A line of a circuit-assert ledger",
        "description": f"Schema {SCHEMA}. Readers ignore fields and records they do not know.",
        "type": "object",
        "required": ["record"],
        "allOf": [_when(record) for record in LINES],
        "$defs": {record.__name__: _object(record) for record in (*LINES, *PARTS)},
    }


def table(record: type[Any]) -> str:
    """The fields of a record as a Markdown table."""
    rows = ["| field | type | |", "|---|---|---|"]
    for each in documented(record):
        words = each.words.replace("|", "\\|")
        needed = "" if each.required else "?"
        rows.append(f"| `{each.name}`{needed} | {_words(each.kind)} | {words} |")
    return "\n".join(rows)


def _when(record: type[Any]) -> dict[str, Any]:
    """A line of this kind is such an object; of a kind that is not known, anything."""
    return {
        "if": {"properties": {"record": {"const": record.kind}}, "required": ["record"]},
        "then": {"$ref": f"#/$defs/{record.__name__}"},
    }


def _object(record: type[Any]) -> dict[str, Any]:
    every = documented(record)
    said = " ".join((inspect.getdoc(record) or "").split())
    return {
        "description": said,
        "type": "object",
        "required": [each.name for each in every if each.required],
        "properties": {
            each.name: {**_schema(each.kind), "description": each.words} for each in every
        },
    }


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if is_dataclass(kind):
        return {"$ref": f"#/$defs/{getattr(kind, '__name__', '')}"}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (types.UnionType, typing.Union):
        parts = [_schema(each) for each in inner]
        if all(part.keys() == {"type"} for part in parts):
            return {"type": [part["type"] for part in parts]}
        return {"anyOf": parts}
    if origin is tuple:
        return {"type": "array", "items": _schema(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    raise TypeError(f"a ledger's field cannot be {kind}: JSON has no such thing.")


def _words(kind: Any) -> str:  # noqa: ANN401 - any annotation
    """A type as readers of JSON call it."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_dataclass(kind):
        return f"[`{getattr(kind, '__name__', '')}`](#{getattr(kind, '__name__', '').lower()})"
    if origin is Literal:
        return " or ".join(f'"{each}"' for each in inner)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(_words, inner))
    if origin is tuple:
        return f"array of {_words(inner[0])}"
    return f"object of {_words(inner[1])}"


def _in_json(words: str) -> str:
    """On one line, and null where Python has None."""
    return re.sub(r"\bNone\b", "null", " ".join(words.split()))


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _docstrings(record: type[Any]) -> dict[str, str]:
    """Field → the string under it."""
    (body,) = [
        node
        for node in ast.walk(_tree())
        if isinstance(node, ast.ClassDef) and node.name == record.__name__
    ]
    return dict(_strings_under(body))


def _strings_under(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            yield field.target.id, str(text.value.value)


@cache
def _tree() -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[records.__name__]))
