"""A plugin for the runs: claims whose verdict is in the test, on models that never load; no torch.

What depends on how many tests there are, and who dies when, needs no model.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_circuit_assert import model_fixture

from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.models.spec import ModelSpec

MEASURING = "SCRIPTED_SECONDS"
"""The environment variable that says how long measuring for a parcel takes."""
QUICK = "quick"
"""The file in the suite's folder from which on nothing takes any time."""
_SIZES = Card(2, 4, 4, 32, 8, 64, 80, 64)
_TINY = PlantedModel("first", _SIZES, {}, dict, tuple(f" w{i}" for i in range(80)))
_VERDICTS: Mapping[str, Verdict] = {str(verdict): verdict for verdict in Verdict}
_EVALUATE = "_evaluate_one_model"

first = model_fixture(_TINY)
second = model_fixture(replace(_TINY, name="second"))


@claim("{head} is {verdict} as number {number}")
def is_said_to_be(head: Any, verdict: str, number: int) -> Any:
    """A claim that is what it is said to be."""
    return contrast(prefix_matching_score(head), versus=0.0, on=repeated_tokens(), by=0.1)


@pytest.fixture(scope="session")
def said() -> Any:
    """The claim."""
    return is_said_to_be


def _read_out(session: Session, spec: ModelSpec, claims: Iterable[Claim]) -> None:
    if not Path(QUICK).exists():
        select.select([], [], [], float(os.environ.get(MEASURING, "0")))
    known: dict[Any, Evidence] = vars(session)["_evidence"]
    for each in claims:
        verdict = _VERDICTS[str(each.arguments["verdict"])]
        known[spec, each.key] = Evidence(
            each.id,
            each.kind,
            each.sentence,
            each.model.name,
            verdict,
            "the test says so",
            (_finding(verdict),),
            each.arguments,
            session.false_pass_rate,
            p_value=0.001,
            fingerprint="f" * 16,
            dtype=spec.dtype,
            device=spec.device,
            runs=1,
        )


def _finding(verdict: Verdict) -> Finding:
    return Finding(
        "scripted",
        "primary",
        "its number above +0.10",
        verdict,
        effect=0.79,
        low=0.76,
        high=0.82,
        unit="attention",
        region="above +0.10",
    )


def pytest_configure() -> None:
    """Read verdicts out instead of measuring."""
    setattr(Session, _EVALUATE, _read_out)
