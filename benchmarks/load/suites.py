"""Test files of as many claims as one likes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Writes: TypeAlias = Callable[[Path, int], list[str]]
"""Writes a suite of so many claims into a folder, and names the plugins that it needs."""
MODELS = ("first", "second", "third", "fourth")
_PLANTED = """
    import pytest

    @pytest.mark.parametrize("number", range({tests}))
    def test_{model}({model}, matches, number):
        head = {model}[f"L{{number % 3}}H{{number // 3 % 6}}"]
        bool(matches(head, 0.02 + 0.9 * number / {tests}))
"""
_SCRIPTED = """
    import pathlib, pytest, select

    QUICK = pathlib.Path(__file__).parent / "quick"

    @pytest.mark.parametrize("number", range({tests}))
    def test_{model}({model}, said, number):
        if not QUICK.exists():
            select.select([], [], [], {seconds})  # faketime breaks time.sleep
        assert said({model}[f"L{{number % 2}}H{{number // 2 % 4}}"], "supported", number)
"""
_EQUAL = """
    import pytest

    @pytest.mark.parametrize("seed", range({tests}))
    def test_{model}({model}, matches_on, seed):
        bool(matches_on({model}["L1H0"], {sequences}, seed))
"""


def write_planted(folder: Path, claims: int) -> list[str]:
    """Claims about four planted models, each with a threshold of its own: `planted.py`.

    Args:
        folder: Where the test files go; made when it is missing.
        claims: How many, at least four.

    Returns:
        The plugins that the suite needs.
    """
    counts = [len(range(place, claims, len(MODELS))) for place in range(len(MODELS))]
    for model, tests in zip(MODELS, counts, strict=True):
        _write(folder, model, _PLANTED.format(model=model, tests=tests))
    return ["benchmarks.load.planted"]


def write_scripted(folder: Path, claims: int, seconds: float = 0.0) -> list[str]:
    """Claims about two models that are never loaded, which all hold: `scripted.py`.

    Args:
        folder: Where the test files go; made when it is missing.
        claims: How many, at least two.
        seconds: How long each test takes, until there is a file "quick" beside it.

    Returns:
        The plugins that the suite needs.
    """
    for model, tests in (("first", claims - claims // 2), ("second", claims // 2)):
        _write(folder, model, _SCRIPTED.format(model=model, tests=tests, seconds=seconds))
    return ["benchmarks.load.scripted"]


def write_equal(folder: Path, claims: int, sequences: int) -> list[str]:
    """Claims about two planted models that cost the same, each on prompts of its own.

    Args:
        folder: Where the test files go; made when it is missing.
        claims: How many, at least two.
        sequences: Prompts of each claim.

    Returns:
        The plugins that the suite needs.
    """
    for model in MODELS[:2]:
        _write(folder, model, _EQUAL.format(model=model, tests=claims // 2, sequences=sequences))
    return ["benchmarks.load.planted"]


def _write(folder: Path, model: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (folder / f"test_{model}.py").write_text(textwrap.dedent(text))
