"""The claims that ship: judged together, and one by one with `run_with_cache` for each."""

from __future__ import annotations

import math
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
from scipy.stats import bootstrap

from benchmarks.result import Result
from benchmarks.speed.floor import Floor, peak
from benchmarks.speed.paired import Numbers, agreement
from benchmarks.speed.plain import plain_bridge
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
            of_one_model = (claim for claim in learned.claims.values() if not claim.parts)
            self.claims.update({f"{_spec(claim)} {claim.id}": claim for claim in of_one_model})
        return True


@dataclass(frozen=True)
class Suite(Result):
    """The claims that ship about a model, in both ways: the time that runs of it take.

    Args:
        name: The model.
        claims: How many the engine judged together.
        alike: How many of them the usual way could judge.
        usual: Seconds of runs of each claim that it did judge, one by one.
        ours: Seconds of runs of all claims together.
        difference: The largest difference between the two ways' numbers.
        size: The largest of the numbers, to compare that with.
    """

    name: str
    claims: int
    alike: int
    usual: tuple[float, ...]
    ours: float
    difference: float
    size: float

    @property
    def ratio(self) -> float:
        """How many times faster the engine is."""
        return self._ratio(np.array(self.usual))

    @property
    def interval(self) -> tuple[float, float]:
        """Where the ratio lies with 95 % confidence, by which claims happened to be judged."""
        if len(self.usual) == self.alike:
            return self.ratio, self.ratio
        drawn = bootstrap((self.usual,), np.mean, rng=0, method="percentile")
        low, high = drawn.confidence_interval
        return self._ratio(np.array([low])), self._ratio(np.array([high]))

    def _ratio(self, usual: Numbers) -> float:
        return float(usual.mean()) * self.alike / self.ours

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "claims": self.claims,
            "claims_of_the_usual_way": self.alike,
            "usual_seconds_of_each": list(self.usual),
            "our_seconds_of_all": self.ours,
            "ratio": self.ratio,
            "interval": list(self.interval),
            "largest_difference": self.difference,
            "largest_number": self.size,
        }

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        low, high = self.interval
        usual = float(np.mean(self.usual)) * self.alike
        return {
            "what": f"{self.name}: {self.claims} shipped claims",
            "judged both ways": str(len(self.usual)),
            "usual way, all": f"{usual:,.0f} s",
            "engine, all": f"{self.ours:,.1f} s",
            "ratio": f"{self.ratio:.1f} × [{low:.1f}, {high:.1f}]",
            "numbers differ by": f"{self.difference:.1g} of {self.size:.3g}",
        }


def together_and_apart(model: str, *, every: int = 1) -> tuple[Suite, Floor]:
    """The shipped claims about a model: all of them by the engine, some in the usual way as well.

    Time is that of runs of the model, which is what the two ways do differently; weights and
    statistics take as long in both.

    Args:
        model: A zoo name.
        every: The usual way judges only each so-manyth claim, in the order of their types; 1 for
            all that it can.

    Raises:
        ValueError: when the two do not agree to 1e-4 of their size.
    """
    together = _Together(model)
    claims, session, found = together.claims, together.session, together.found
    alike = [claim for claim in claims if claim.kind not in _OF_PATHS]
    tried = alike[::every]
    seconds: list[float] = []
    numbers: list[float] = []
    bridge = plain_bridge(_spec(claims[0]))
    for claim in tried:
        usual = _usual(session, claims, bridge)  # with nothing kept from the claim before
        numbers += _effects(usual.evaluate([claim]))
        seconds.append(usual.work().seconds)
    ours = _effects([found[claim.id] for claim in tried])
    difference, size = agreement(model, np.array(numbers), np.array(ours))
    took = together.floor.seconds
    return (
        Suite(model, len(claims), len(alike), tuple(seconds), took, difference, size),
        together.floor,
    )


def above_the_floor(model: str) -> Floor:
    """The shipped claims about a model, judged by the engine alone.

    Args:
        model: A zoo name.
    """
    return _Together(model).floor


class _Together:
    """The shipped claims about a model, judged together.

    Args:
        model: A zoo name.
    """

    def __init__(self, model: str) -> None:
        self.claims = sorted(shipped_claims(model), key=lambda claim: (claim.kind, claim.id))
        self.session = _loaded(self.claims)
        best = peak()
        self.found = {each.claim_id: each for each in self.session.evaluate(self.claims)}
        done = self.session.work()
        name = f"{model}: {len(self.claims)} shipped claims"
        self.floor = Floor(name, done.needed_flops, best, done.seconds)


def _spec(claim: Claim) -> ModelSpec:
    spec: ModelSpec = claim.model.spec  # pyright: ignore
    return spec


def _loaded(claims: Sequence[Claim]) -> Session:
    session = Session()
    session.measure(claims[0].model, [])  # pyright: ignore
    return session


def _usual(session: Session, claims: Sequence[Claim], bridge: Any) -> Session:
    """A session on the same weights that runs them as a notebook does."""
    spec = _spec(claims[0])
    known = session._known[spec].apart()  # pyright: ignore[reportPrivateUsage]
    whole: Any = WholeRuns(known.weights, bridge)
    known._executor = _NoFloors(whole, memory=_ROWS_MEMORY)  # pyright: ignore
    other = Session()
    other._known[spec], other._resident = known, spec  # pyright: ignore[reportPrivateUsage]
    return other


def _effects(found: Sequence[Evidence]) -> list[float]:
    effects = [evidence.findings[0].effect for evidence in found]
    return [math.nan if effect is None else effect for effect in effects]


class _NoFloors(Executor):
    """A notebook does not look for the noise floor."""

    def noise_floor(self, request: object) -> float:
        return 0.0


@dataclass(frozen=True)
class WholeRuns:
    """A loaded model as the usual way runs it: whole, with `run_with_cache`.

    Args:
        backend: The model as the engine has it; all that is not a run is its own.
        bridge: The same model as transformer-lens loads it, for runs.
    """

    backend: Any
    bridge: Any
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
        with self.bridge.hooks(fwd_hooks=hooks):
            _, cache = self.bridge.run_with_cache(tokens)
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
