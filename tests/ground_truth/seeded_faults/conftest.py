"""What a user would be told of a fault, in one word and in the words of the evidence."""

import re
from dataclasses import dataclass

import pytest

from circuit_assert.errors import CircuitAssertError, ModelValidationError
from circuit_assert.stats import Verdict

NOISE = 0.01  # far above the floor of any sound run in float32


@dataclass(frozen=True)
class Notice:
    """What noticed a fault, or nothing, and what it says."""

    by: str
    words: str


@pytest.fixture
def notice():
    """Judges something, of which the verdict without a fault is known."""
    return _notice


def _notice(judge, sound):
    try:
        evidence = judge()
    except ModelValidationError as problem:
        return Notice("validation at load", str(problem))
    except CircuitAssertError as problem:
        return Notice("error", f"{type(problem).__name__}: {problem}")
    if evidence.verdict is sound:
        return Notice("nothing", evidence.reason)
    return Notice(_noticed_by(evidence), evidence.reason)


def _noticed_by(evidence):
    if evidence.verdict is Verdict.SUPPORTED:
        return "planted truth: a decoy is supported"
    if evidence.verdict is Verdict.REFUTED:
        return "planted truth: the true instance is refuted"
    for found in evidence.findings:
        if found.role in ("gate", "guard") and f"({found.name}" in evidence.reason:
            return f"{found.role}: {found.name}"
    if re.search("changed no activation|not finite", evidence.reason):
        return "engine: there is no effect to judge"
    if evidence.noise_floor > NOISE:
        return "noise floor"
    return "planted truth: the true instance is inconclusive"
