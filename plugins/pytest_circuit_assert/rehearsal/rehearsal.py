"""Before the tests: learn their claims, and measure those of a model together.

A rehearsal only prefetches. A claim that it does not find is measured when its test asks for it,
with the same verdict; what it finds and no test asks for is not shown.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_circuit_assert.fixtures import session_of
from pytest_circuit_assert.markers import is_about_claims
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.progress import PROGRESS
from pytest_circuit_assert.rehearsal.cast import Cast
from pytest_circuit_assert.rehearsal.eligibility import Eligibility, may_be_skipped
from pytest_circuit_assert.rehearsal.learned import Learned, learn
from pytest_circuit_assert.rehearsal.stage import Handles, Stage

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.components import Owner

_T = TypeVar("_T")
_OUTPUT = "claims_rehearsed"


@dataclass
class Rehearsed:
    """What became of a run's tests of claims.

    Args:
        learned: Of each test that was rehearsed, by node id.
        refused: Why each other one was not.
    """

    learned: dict[str, Learned] = field(default_factory=dict[str, Learned])
    refused: dict[str, str] = field(default_factory=dict[str, str])


def rehearse(
    config: pytest.Config, items: Iterable[pytest.Item], handles: type[Handles] = Handles
) -> Rehearsed:
    """Call each test that may be, and learn its claims.

    Args:
        config: pytest's.
        items: The tests.
        handles: What its fixtures give.
    """
    about_claims = [item for item in items if is_about_claims(item)]
    rehearsed = Rehearsed()
    if not about_claims:
        return rehearsed
    session = session_of(config)
    stage = Stage(session.false_pass_rate)
    cast, eligibility = Cast(handles(session, stage)), Eligibility()
    for item in about_claims:
        objection = eligibility.objection(item)
        if objection is None and isinstance(item, pytest.Function):
            rehearsed.learned[item.nodeid] = learn(stage, functools.partial(cast.call, item))
        else:
            rehearsed.refused[item.nodeid] = objection or ""
    return rehearsed


class Rehearsal:
    """Rehearses once the tests are known, and prefetches before a model's first test.

    A worker of xdist that is given tests one by one, not in parcels, measures for one at a time:
    what every worker measured would be measured several times.

    Args:
        config: pytest's.
        options: Those of the run.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.rehearsed: Rehearsed | None = None
        self._config, self._options = config, options
        self._is_worker = hasattr(config, "workerinput")
        self._waiting: dict[str, list[Claim]] = {}
        self._said: list[warnings.WarningMessage] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, _T, _T]:
        """Rehearse what is left after -k and --lf."""
        if self._options.rehearse and session.items and will_run(session):
            self.rehearsed = rehearse(self._config, session.items)
            self._plan(session.items)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Prefetch, outside any test's timeout."""
        self._prefetch(item)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Say in the test what would have been said in it: warnings of a model that loads."""
        said, self._said = self._said, []
        for each in said:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        return (yield)

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """A worker tells the controller, which rehearses nothing itself."""
        if self._is_worker and self.rehearsed is not None:
            output = vars(self._config)["workeroutput"]
            output[_OUTPUT] = [list(self.rehearsed.learned), self.rehearsed.refused]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take note of what a worker tells; all of them rehearse the same tests."""
        told = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if told is not None and self.rehearsed is None:
            learned, refused = told
            self.rehearsed = Rehearsed({nodeid: Learned() for nodeid in learned}, refused)

    def _plan(self, items: Iterable[pytest.Item]) -> None:
        """The claims to measure before each test: all of a model before the first that needs it."""
        assert self.rehearsed is not None  # noqa: S101 - for the type checker
        first: dict[Owner, str] = {}
        for item in items:
            learned = self.rehearsed.learned.get(item.nodeid)
            if learned is None or may_be_skipped(item):
                continue
            for claim in learned.claims.values():
                if claim.parts:
                    continue  # what it says of each model is among them
                before = first.setdefault(claim.model, item.nodeid)
                before = item.nodeid if self._is_worker else before
                self._waiting.setdefault(before, []).append(claim)

    def _claims_before(self, item: pytest.Item) -> list[Claim]:
        return self._waiting.pop(item.nodeid, [])

    def _prefetch(self, item: pytest.Item) -> None:
        claims = self._claims_before(item)
        if not claims:
            return
        progress = self._config.stash[PROGRESS]
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with progress.ahead(len(claims)):
                session_of(self._config).prefetch(claims)
        self._said += said


def will_run(session: pytest.Session) -> bool:
    """Whether a session goes on to its tests, and does not stop at collecting them."""
    option = session.config.option
    stays = option.collectonly or option.setuponly or option.setupplan
    broken = session.testsfailed and not option.continue_on_collection_errors
    return not (stays or broken)
