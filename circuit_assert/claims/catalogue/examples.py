"""Examples of claims that run: where the shipped suites make one, and what it stands on there."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HUB = "needs_hub"


@dataclass(frozen=True)
class Example:
    """A test of a shipped suite, with the constants and functions of its file that it uses.

    Args:
        file: The suite's, from the repository's root.
        source: The test.
    """

    file: str
    source: str


@dataclass(frozen=True)
class Suite:
    """A file of tests.

    Args:
        file: From the repository's root.
        source: What it holds.
        tree: The same, read.
    """

    file: str
    source: str
    tree: ast.Module

    @property
    def tests(self) -> list[ast.FunctionDef]:
        """Its tests."""
        return [
            statement
            for statement in self.tree.body
            if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_")
        ]

    def source_of(self, statement: ast.stmt) -> str:
        """With its decorators."""
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(each.lineno for each in decorators)])
        return "\n".join(self.source.splitlines()[first - 1 : statement.end_lineno])

    def beneath(self, statement: ast.stmt) -> list[ast.stmt]:
        """The file's own constants and functions that a statement uses, and those that they use."""
        needed = _names(statement)
        found: list[ast.stmt] = []
        for other in reversed([s for s in self.tree.body if s is not statement]):
            if _made_by(other) & needed:
                found.insert(0, other)
                needed |= _names(other)
        return found


def suites_in(folder: Path) -> list[Suite]:
    """The suites of a folder of suites."""
    found: list[Suite] = []
    for file in sorted(folder.glob("*/test_*.py")):
        source = file.read_text(encoding="utf-8")
        found.append(Suite(str(file.relative_to(folder.parent)), source, ast.parse(source)))
    return found


def example_of(name: str, suites: Sequence[Suite]) -> Example | None:
    """The first test that makes a claim of a type, the plainest before others.

    Args:
        name: The claim type's.
        suites: Where to look. Those that need the model hub are no examples: they may not run.
    """
    found = [
        (_roundabout(name, test, suite), suite, test)
        for suite in suites
        if _HUB not in suite.source
        for test in suite.tests
        if any(name in _called(part) for part in (test, *suite.beneath(test)))
    ]
    if not found:
        return None
    _, suite, test = min(found, key=lambda each: each[0])
    parts = [suite.source_of(statement) for statement in (*suite.beneath(test), test)]
    return Example(suite.file, "\n\n\n".join(parts))


def _roundabout(name: str, test: ast.FunctionDef, suite: Suite) -> tuple[bool, bool, bool]:
    """Whether the claim is open, is denied, or is made by a function that the test calls."""
    denied = any(isinstance(s, ast.Assert) and isinstance(s.test, ast.UnaryOp) for s in test.body)
    return "open_claim" in suite.source_of(test), denied, name not in _called(test)


@cache  # each is asked for every claim type
def _called(statement: ast.stmt) -> frozenset[str]:
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return frozenset(call.func.id for call in calls if isinstance(call.func, ast.Name))


@cache
def _names(statement: ast.stmt) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))


def _made_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        return {t.id for t in statement.targets if isinstance(t, ast.Name)}
    return set()
