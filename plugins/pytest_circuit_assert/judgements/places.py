"""Where in a test a claim's truth is asked for, and where the test fails: the same place, or not.

Places are code objects and lines, never frames: a frame would keep a failed test's tensors alive.
"""

from __future__ import annotations

import ast
import itertools
import linecache
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType
from typing import TypeAlias, TypeGuard

_OUR_OWN = ("circuit_assert", "pytest_circuit_assert")
_THE_RUNNER = ("_pytest", "pluggy", "pytest")
_END_OF_LINE = 1 << 30


Position: TypeAlias = tuple[int, int]
"""A line, as the file counts, and a column."""


@dataclass(frozen=True)
class Place:
    """Where some code is.

    Args:
        code: The function's.
        at: Where in its file.
    """

    code: CodeType
    at: Position


Path: TypeAlias = tuple[Place, ...]
"""From the test function inwards."""


@dataclass(frozen=True)
class Failing:
    """The statement that raised, or called what raised.

    Args:
        code: The function's.
        first: Where it begins.
        last: Where it ends.
    """

    code: CodeType
    first: Position
    last: Position


def path_from(frame: FrameType | None) -> Path:
    """The places that led to a frame, from the test function on."""
    places: list[Place] = []
    while frame is not None:
        package = _package(frame)
        if package in _THE_RUNNER and places:
            break
        if package not in _OUR_OWN and not _is_unittest(frame):
            at, _ = _positions(frame.f_code, frame.f_lasti, frame.f_lineno)
            places.append(Place(frame.f_code, at))
        frame = frame.f_back
    return tuple(reversed(places))


def line_in(file: str, path: Path) -> int | None:
    """The innermost line of a file on a path; None when the path does not pass through it."""
    lines = [place.at[0] for place in path if place.code.co_filename == file]
    return lines[-1] if lines else None


def failing_path(traceback: TracebackType | None) -> tuple[Failing, ...]:
    """The statements that an exception passed through, from the test function on."""
    places: list[Failing] = []
    while traceback is not None:
        frame = traceback.tb_frame
        if _package(frame) not in _THE_RUNNER + _OUR_OWN and not _is_unittest(frame):
            first, last = _positions(frame.f_code, traceback.tb_lasti, traceback.tb_lineno)
            places.append(Failing(frame.f_code, first, last))
        traceback = traceback.tb_next
    return tuple(places)


def leads_to(path: Path, failing: tuple[Failing, ...]) -> bool:
    """Whether what was asked for along a path is what failed: the same statement, all the way."""
    return 0 < len(failing) <= len(path) and all(
        asked.code is failed.code and failed.first <= asked.at <= failed.last
        for asked, failed in zip(path, failing, strict=False)
    )


class Statements:
    """Reads test files, to see whether a claim's truth is asked for by an assertion of it alone."""

    def __init__(self) -> None:
        self._by_file: dict[str, list[ast.Assert | ast.Call]] = {}

    def assert_it(self, path: Path) -> bool:
        """Whether the place asserts the claim, or denies it, come what may.

        In `assert a or b`, or in an `if`, a false claim may let the test pass: nothing is said of
        either claim then.
        """
        for place in reversed(path):
            statement = self._around(place)
            if statement is not None:
                return not any(map(_is_a_choice, ast.walk(statement)))
        return False

    def _around(self, place: Place) -> ast.Assert | ast.Call | None:
        for statement in self._of(place.code.co_filename):
            first = (statement.lineno, statement.col_offset)
            last = (statement.end_lineno or 0, statement.end_col_offset or 0)
            if first <= place.at <= last:
                return statement
        return None

    def _of(self, file: str) -> list[ast.Assert | ast.Call]:
        if file not in self._by_file:
            try:
                tree = ast.parse("".join(linecache.getlines(file)))
            except (SyntaxError, ValueError):
                tree = ast.Module([], [])
            self._by_file[file] = list(filter(_is_an_assertion, ast.walk(tree)))
        return self._by_file[file]


def _is_an_assertion(node: ast.AST) -> TypeGuard[ast.Assert | ast.Call]:
    match node:
        case ast.Assert():
            return True
        case ast.Call(func=ast.Attribute(attr=name)):  # unittest's self.assertTrue(claim)
            return name.startswith("assert")
        case _:
            return False


def _is_a_choice(node: ast.AST) -> bool:
    match node:
        case ast.BoolOp(op=ast.Or()) | ast.IfExp():
            return True
        case ast.Call(func=ast.Name(id="any")):
            return True
        case _:
            return False


def _positions(code: CodeType, instruction: int, line: int) -> tuple[Position, Position]:
    """Where an instruction's source begins and ends; its whole line when Python does not know."""
    found = next(itertools.islice(code.co_positions(), instruction // 2, None), None)
    if found is None:
        return (line, 0), (line, _END_OF_LINE)
    first, last, column, end = found
    return (first or line, column or 0), (last or line, _END_OF_LINE if end is None else end)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_unittest(frame: FrameType) -> bool:
    return "__unittest" in frame.f_globals
