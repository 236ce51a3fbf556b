"""What is known of the tests before they run: the models that each needs, and which runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.fixtures import session_of
from pytest_circuit_assert.markers import is_about_claims
from pytest_circuit_assert.rehearsal.cast import models_of
from pytest_circuit_assert.rehearsal.eligibility import is_marked_to_skip, may_be_skipped
from pytest_circuit_assert.rehearsal.rehearsal import rehearse
from pytest_circuit_assert.rehearsal.stage import HandlesAlike, Stage

if TYPE_CHECKING:
    from circuit_assert.models.model import Model
    from circuit_assert.models.spec import ModelSpec
    from circuit_assert.session import Session
    from pytest_circuit_assert.rehearsal.rehearsal import Rehearsed
    from pytest_circuit_assert.rehearsal.stage import Handles

UNKNOWN_SECONDS = 1.0
"""Of a test whose claims are not known beforehand."""


@dataclass(frozen=True)
class ModelNeeds:
    """What a model takes.

    Args:
        name: What reports call it.
        device: Where it is loaded.
        memory: Bytes, for weights and activations; None where nobody knows.
        loading: Seconds, about.
    """

    name: str
    device: str
    memory: int | None
    loading: float


@dataclass(frozen=True)
class TestNeeds:
    """What a test takes.

    Args:
        models: Numbers of the models it uses, in the census; none for a test of no claims.
        runs: Numbers of the runs that its claims need; tests share a run of the same number.
    """

    __test__ = False

    models: tuple[int, ...] = ()
    runs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Census:
    """What all tests of a run take, in the order in which they were collected.

    Args:
        models: Those that they use.
        tests: One for each test.
        runs: Seconds of each run, about.
    """

    models: tuple[ModelNeeds, ...] = ()
    tests: tuple[TestNeeds, ...] = ()
    runs: tuple[float, ...] = ()

    @property
    def has_claims(self) -> bool:
        """Whether any test is about a model."""
        return bool(self.models)

    def plain(self) -> dict[str, Any]:
        """Builtins, which travel between processes."""
        return {
            "models": [asdict(model) for model in self.models],
            "tests": [(list(test.models), list(test.runs)) for test in self.tests],
            "runs": list(self.runs),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Census:
        """What `plain` gave."""
        return cls(
            models=tuple(ModelNeeds(**model) for model in plain["models"]),
            tests=tuple(TestNeeds(tuple(m), tuple(r)) for m, r in plain["tests"]),
            runs=tuple(plain["runs"]),
        )


def census(
    config: pytest.Config, items: Sequence[pytest.Item], rehearsed: Rehearsed | None
) -> Census:
    """Take it; nothing is loaded.

    Args:
        config: pytest's.
        items: The tests, as they were collected.
        rehearsed: What is known of their claims; None when nothing is.
    """
    return _taken(items, _Counted(session_of(config), rehearsed, may_be_skipped))


def census_alike(
    config: pytest.Config, items: Sequence[pytest.Item], *, rehearsing: bool = True
) -> Census:
    """The same as every machine takes it: nothing counts that is at hand here and not elsewhere.

    Of a hub model, no more is known than before it is fetched; a test that needs a GPU or a hub
    model is taken to run.

    Args:
        config: pytest's.
        items: The tests, in an order that is the same everywhere.
        rehearsing: Whether tests may be called to learn their claims.
    """
    session = session_of(config)
    handles = HandlesAlike(session, Stage(session.false_pass_rate))
    rehearsed = rehearse(config, items, HandlesAlike) if rehearsing else None
    return _taken(items, _Counted(handles, rehearsed, is_marked_to_skip))


def _taken(items: Sequence[pytest.Item], counted: _Counted) -> Census:
    tests = tuple(counted.needs(item) for item in items)
    return Census(tuple(map(_needs_of, counted.models)), tests, tuple(counted.runs.values()))


class _Counted:
    """Numbers models and runs as they are met."""

    def __init__(
        self,
        handles: Handles | Session,
        rehearsed: Rehearsed | None,
        skipped: Callable[[pytest.Item], bool],
    ) -> None:
        self.models: dict[ModelSpec, int] = {}
        self.runs: dict[object, float] = {}
        self._numbers: dict[object, int] = {}
        self._handles, self._rehearsed, self._skipped = handles, rehearsed, skipped

    def needs(self, item: pytest.Item) -> TestNeeds:
        """Of one test."""
        if not is_about_claims(item):
            return TestNeeds()
        learned = self._rehearsed.learned.get(item.nodeid) if self._rehearsed else None
        known = learned is not None and bool(learned.claims)
        if learned is None or not known or self._skipped(item):
            used = models_of(item, self._handles)
            runs = [] if known else [(item.nodeid, UNKNOWN_SECONDS)]
        else:
            used, runs = [], []
            for claim in learned.claims.values():
                if claim.parts:
                    continue  # what it says of each model is among them
                model: Any = claim.model
                used.append(model)
                runs += _runs_of(model, claim)
        models = dict.fromkeys(self._model(model) for model in used)
        return TestNeeds(tuple(models), tuple(dict.fromkeys(self._run(*run) for run in runs)))

    def _model(self, model: Model) -> int:
        return self.models.setdefault(model.spec, len(self.models))

    def _run(self, run: object, seconds: float) -> int:
        number = self._numbers.setdefault(run, len(self._numbers))
        self.runs.setdefault(run, seconds)
        return number


def _runs_of(model: Model, claim: Any) -> list[tuple[object, float]]:  # noqa: ANN401 - a Claim
    from circuit_assert.run_costs import runs_needed

    return [((model.spec, run), seconds) for run, seconds in runs_needed(claim).items()]


def _needs_of(spec: ModelSpec) -> ModelNeeds:
    from circuit_assert.forecast import weight_bytes
    from circuit_assert.models.needs import memory_needed
    from circuit_assert.run_costs import loading_seconds

    card = spec.card()
    taken = None if card is None else weight_bytes(card, spec.dtype)
    return ModelNeeds(spec.name, spec.device, memory_needed(spec), loading_seconds(taken))
