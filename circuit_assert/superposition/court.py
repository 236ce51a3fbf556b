"""Where claims about toy models are judged: they need no session, as nothing has to be run."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from circuit_assert.claims.criteria import Body
from circuit_assert.errors import ClaimError
from circuit_assert.judging import Case

if TYPE_CHECKING:
    from circuit_assert.claims.claim import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.execution.known import Known
    from circuit_assert.measurements.base import AnyRequest
    from circuit_assert.superposition.toy import ToyModels


@dataclass(frozen=True)
class _Spec:
    dtype: str = "float32"
    device: str = "cpu"

    def place(self) -> str:
        return self.device


@dataclass(frozen=True)
class _Nothing:
    """What is known where quantities ask for no runs."""

    fingerprint: str
    spec: _Spec = _Spec()

    def noise_floor(self, request: AnyRequest) -> float:
        return 0.0

    def failure(self, request: AnyRequest) -> str | None:
        return None


def judged(toy: ToyModels, claim: Claim) -> Evidence:
    """The evidence for a claim about toy models, by the rules for all claims.

    Raises:
        ClaimError: for a claim of a family.
    """
    if not isinstance(claim.body, Body):
        raise ClaimError("a claim about toy models is not one of a family.")
    started = time.perf_counter()
    fingerprint = hashlib.sha256(toy.trained()[0].tobytes()).hexdigest()
    case = Case(claim.body, cast("Known", _Nothing(fingerprint)), toy.false_pass_rate)
    case.judged()
    return case.evidence(claim, seconds=time.perf_counter() - started, runs=0, reused=0)
