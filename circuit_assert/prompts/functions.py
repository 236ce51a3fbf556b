"""A user's function as plain data, when it is nothing but its code and plain data."""

from __future__ import annotations

import builtins
import dis
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import CodeType, EllipsisType, FunctionType
from typing import TypeAlias

Parts: TypeAlias = tuple[object, ...]

_REACHES_OUT = {
    "IMPORT_NAME",
    "IMPORT_FROM",
    "STORE_GLOBAL",
    "DELETE_GLOBAL",
    "STORE_DEREF",  # it remembers from one call to the next
    "DELETE_DEREF",
    "STORE_SUBSCR",
    "DELETE_SUBSCR",
    "STORE_ATTR",
    "DELETE_ATTR",
}
_CHANGES = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "reverse", "setdefault", "sort", "update", "write",
}  # fmt: skip
_IMPURE = {"open", "input", "eval", "exec", "globals", "locals", "vars", "id", "hash", "__import__"}


class NotPlain(Exception):  # noqa: N818 - an answer, not a failure
    """What a function does depends on more than its code and plain data."""


def parts_of(function: FunctionType) -> Parts:
    """All that decides what a function returns: its code, its defaults, what it refers to.

    A function that changes what is around it, imports, or calls what is not a builtin or such a
    function itself, cannot be told by these. Modules and classes cannot either; what it refers to
    may be anything else, which the caller has to tell.

    Args:
        function: Written in Python.

    Raises:
        NotPlain: saying what it depends on.
    """
    return _parts(function, ())


def _parts(function: FunctionType, inside: tuple[FunctionType, ...]) -> Parts:
    if function in inside:
        raise NotPlain(f"{function.__name__} calls itself")
    within = (*inside, function)
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    named = ((name, _global(function, name)) for name in sorted(_globals_of(function.__code__)))
    return (
        "function",
        *_code_parts(function.__code__),
        ("defaults", function.__defaults__, sorted((function.__kwdefaults__ or {}).items())),
        ("closure", *(_value(cell, within) for cell in cells)),
        ("globals", *((name, _value(value, within)) for name, value in named)),
    )


def _value(value: object, inside: tuple[FunctionType, ...]) -> object:
    match value:
        case FunctionType():
            return _parts(value, inside)
        case set():
            of_set: set[object] = value
            return frozenset(of_set)  # nothing here changes it
        case _:
            return value


def _code_parts(code: CodeType) -> Iterator[object]:
    """Instructions and constants, of inner functions too; not names of files and lines."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in _REACHES_OUT:
            raise NotPlain(f"{code.co_name}: {instruction.opname.lower().replace('_', ' ')}")
    if any(name in _CHANGES or name.startswith("__") for name in code.co_names):
        raise NotPlain(f"{code.co_name} may change what it refers to")
    yield (code.co_code.hex(), code.co_names, code.co_varnames, code.co_flags)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield tuple(_code_parts(constant))
        else:
            yield ("constant", constant)


def _globals_of(code: CodeType) -> set[str]:
    found = {
        str(each.argval)
        for each in dis.get_instructions(code)
        if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return found.union(*map(_globals_of, inner))


def _global(function: FunctionType, name: str) -> object:
    if name in function.__globals__:
        return function.__globals__[name]
    if name in _IMPURE or not hasattr(builtins, name):
        raise NotPlain(f"{function.__name__}: {name}")
    return ("builtin", name)


def said_of(function: object) -> str:
    """A function in words that are the same in every run: all that decides what it returns.

    Where that is more than its code and plain data, its code and its name have to do.

    Args:
        function: A function, or anything that is called like one.
    """
    if not isinstance(function, FunctionType):
        return str(getattr(function, "__qualname__", type(function).__qualname__))
    try:
        return _text(parts_of(function))
    except NotPlain:
        return f"{function.__qualname__} {_text(tuple(_raw(function.__code__)))}"


def _raw(code: CodeType) -> Iterator[object]:
    yield code.co_code.hex(), code.co_names
    for constant in code.co_consts:
        yield tuple(_raw(constant)) if isinstance(constant, CodeType) else constant


def _text(value: object) -> str:
    """Sets and mappings in order; of what is no plain data only the kind, never an address."""
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes() | EllipsisType():
            return repr(value)
        case tuple() | list():
            members: Sequence[object] = value
            return f"[{', '.join(map(_text, members))}]"
        case frozenset() | set():
            of_set: AbstractSet[object] = value
            return f"{{{', '.join(sorted(map(_text, of_set)))}}}"
        case Mapping():
            items: Mapping[object, object] = value
            return _text(sorted((_text(name), _text(inner)) for name, inner in items.items()))
        case FunctionType():
            return said_of(value)
        case re.Pattern():
            pattern: re.Pattern[str] = value
            return f"{pattern.pattern!r} {pattern.flags}"
        case _:
            return f"{type(value).__module__}.{type(value).__qualname__}"
