"""The claims that ship: judged together, and one by one with `run_with_cache` for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytest_circuit_assert.rehearsal.rehearsal import rehearse

from benchmarks.speed.floor import Floor, peak
from benchmarks.speed.paired import Numbers, Timed, compare
from circuit_assert import Claim, Evidence, Session
from circuit_assert.backends.base import Edit, Read, Resume, Untouched
from circuit_assert.components import Site
from circuit_assert.execution.executor import Executor
from circuit_assert.models.spec import ModelSpec, spec_of

_HYPOTHESES = Path(__file__).parents[2] / "hypotheses"
_OF_PATHS = ("path_matters", "head_inhibits_subject")  # `run_with_cache` has no way to patch them
_ROWS_MEMORY = 1 << 26  # about a thousand tokens a run, since all activations of a run are kept


def shipped_claims(model: str) -> list[Claim]:
    """What the shipped tests claim about a model, each once, learned without a run of it."""
    learner = _Learner()
    with redirect_stdout(StringIO()):
        code = pytest.main([str(_HYPOTHESES), "-q", "-p", "no:cacheprovider"], plugins=[learner])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"{_HYPOTHESES} could not be collected.")
    spec = spec_of(model)
    return [claim for claim in learner.claims.values() if _spec(claim) == spec]


class _Learner:
    """Learns the claims of tests in place of running them."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for learned in rehearse(session.config, session.items).learned.values():
            self.claims.update({f"{_spec(c)} {c.id}": c for c in learned.claims.values()})
        return True


def one_by_one(model: str, *, every: int = 1) -> Timed:
    """The shipped claims about a model, in both ways.

    Args:
        model: A zoo name.
        every: Only each so-manyth claim, in both ways; 1 for all.
    """
    shipped = [claim for claim in shipped_claims(model) if claim.kind not in _OF_PATHS]
    claims = shipped[::every]
    session = _loaded(claims)
    usual = _usual(session, claims)
    name = f"{model}: {len(claims)} of {len(shipped)} shipped claims"
    return compare(
        name,
        lambda: np.concatenate([_numbers(usual, [claim]) for claim in claims]),
        lambda: _numbers(session, claims),
        turns=1,
    )


def floor_of_suite(model: str) -> Floor:
    """The shipped claims about a model, beside the multiplications that they need."""
    claims = shipped_claims(model)
    session = _loaded(claims)
    best = peak()
    before = session.work()
    _judged(session, claims)
    done = session.work() - before
    return Floor(
        f"{model}: {len(claims)} shipped claims",
        done.needed_flops,
        best,
        done.seconds,
    )


def _spec(claim: Claim) -> ModelSpec:
    spec: ModelSpec = claim.model.spec  # pyright: ignore
    return spec


def _loaded(claims: Sequence[Claim]) -> Session:
    session = Session()
    session.measure(claims[0].model, [])  # pyright: ignore
    return session


def _usual(session: Session, claims: Sequence[Claim]) -> Session:
    """A session on the same weights that runs them as a notebook does."""
    spec = _spec(claims[0])
    known = session._known[spec].apart()  # pyright: ignore[reportPrivateUsage]
    whole: Any = WholeRuns(known.weights)
    known._executor = _NoFloors(whole, memory=_ROWS_MEMORY)  # pyright: ignore
    other = Session()
    other._known[spec], other._resident = known, spec  # pyright: ignore[reportPrivateUsage]
    return other


def _judged(session: Session, claims: Sequence[Claim]) -> list[Evidence]:
    session.forget()
    return session.evaluate(claims)


def _numbers(session: Session, claims: Sequence[Claim]) -> Numbers:
    return np.array([e.findings[0].effect for e in _judged(session, claims)], float)


class _NoFloors(Executor):
    """A notebook does not look for the noise floor."""

    def noise_floor(self, request: object) -> float:
        return 0.0


@dataclass(frozen=True)
class WholeRuns:
    """A loaded model as the usual way runs it: whole, with `run_with_cache`.

    Args:
        backend: The model, of transformer-lens; all that is not a run is its own.
    """

    backend: Any
    can_resume: bool = False
    can_narrow: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    @torch.no_grad()
    def run(
        self,
        tokens: torch.Tensor,
        *,
        reads: Mapping[Site, Sequence[Read]],
        edits: Mapping[Site, Sequence[Edit]],
        last_layer: int,
        resume: Resume | None = None,
        needed: torch.Tensor | None = None,
        untouched: Untouched | None = None,
    ) -> torch.Tensor:
        """All blocks and all logits, with a cache of every activation; edits by hooks."""
        hooks = [(self.backend._hook_name(site), _hook(made)) for site, made in edits.items()]
        scales = [site for site in reads if site.name == "attn_post_scale"]  # edits ask for them
        hooks += [(self.backend._hook_name(site), _taking(reads[site])) for site in scales]
        bridge = self.backend._bridge
        with bridge.hooks(fwd_hooks=hooks):
            _, cache = bridge.run_with_cache(tokens)
        for site in sorted(set(reads) - set(scales)):  # layer by layer, as they pass
            for read in reads[site]:
                read(cache[self.backend._hook_name(site)])
        return cache[self.backend._hook_name(Site(last_layer, "resid_post"))]


def _taking(reads: Sequence[Read]) -> Any:
    def take(activation: torch.Tensor, hook: Any) -> None:
        for read in reads:
            read(activation)

    return take


def _hook(edits: Sequence[Edit]) -> Any:
    def act(activation: torch.Tensor, hook: Any) -> torch.Tensor:
        for edit in edits:
            activation = edit(activation)
        return activation

    return act
