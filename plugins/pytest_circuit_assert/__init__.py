"""The pytest plugin of circuit-assert: models, claims and verdicts in tests. PYTEST_DONT_REWRITE

    from pytest_circuit_assert import model_fixture

    gemma = model_fixture("gemma-3-270m")

    def test_is_an_induction_head(gemma):
        assert head_is_induction(gemma["L5H1"])

This module only connects: each part is a page of its own, registered when pytest is configured.
Importing it loads neither torch nor scipy, and the library no further than it is used.
"""

from __future__ import annotations

import os

import pytest

from pytest_circuit_assert import fixtures, github, markers
from pytest_circuit_assert.distribution import count
from pytest_circuit_assert.distribution.controller import Distribution
from pytest_circuit_assert.distribution.required import RequiredGpu
from pytest_circuit_assert.distribution.sharding import Sharding
from pytest_circuit_assert.distribution.worker import LINE, ParcelledRehearsal
from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.fixtures import checkpoints_fixture, close_session, model_fixture
from pytest_circuit_assert.history import History, Saving
from pytest_circuit_assert.html_report import HtmlReport
from pytest_circuit_assert.html_rows import HtmlRows
from pytest_circuit_assert.judgements import ClaimLockWarning, UnjudgedClaimWarning
from pytest_circuit_assert.judgements.trials import TRIALS, Trials
from pytest_circuit_assert.locks import LockCheck, LockTimes
from pytest_circuit_assert.options import OPTIONS, Options, add_options, read_options
from pytest_circuit_assert.outcome import Outcomes
from pytest_circuit_assert.progress import PROGRESS, Progress
from pytest_circuit_assert.rehearsal.listing import Listing, here_alone
from pytest_circuit_assert.rehearsal.rehearsal import Rehearsal
from pytest_circuit_assert.summary import Summary

__all__ = ["ClaimLockWarning", "UnjudgedClaimWarning", "checkpoints_fixture", "model_fixture"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group "circuit claims"."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A listing needs no workers."""
    if any(map(config.getoption, ("claims_list", "claims_plan", "claims_write_lock"))):
        here_alone(config)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """How many workers `-n auto` means, where there are claims."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ or config.option.numprocesses != "auto":
        return None
    return count.workers(config, read_options(config))


def pytest_configure(config: pytest.Config) -> None:
    """Register the parts; only the controller of a run keeps the docket."""
    options = config.stash[OPTIONS] = read_options(config)
    markers.register(config)
    trials = config.stash[TRIALS] = Trials(options)
    progress = config.stash[PROGRESS] = Progress(config)
    rehearsal = None if options.listing else _rehearsal(config, options)
    parts: dict[str, object] = {
        "fixtures": fixtures,
        "markers": markers,
        "trials": trials,
        "progress": progress,
        "outcomes": Outcomes(options, trials),
        "locks": LockCheck(options, trials),
        "rehearsal": rehearsal or Listing(options),
    }
    if options.require_gpu and not options.listing:
        parts["required_gpu"] = RequiredGpu(config)
    if count.is_wanted():
        parts["census"] = count.CensusTaker(config)
    docket = None
    if not hasattr(config, "workerinput"):
        docket = Docket(config, options)
        parts |= {"docket": docket, "summary": Summary(config, options, docket, rehearsal)}
        if github.is_asked_for(options):
            parts["github"] = github.GitHub(config, docket)
        if config.getoption("htmlpath", None):  # of pytest-html
            parts["html"] = HtmlRows(docket)
        parts |= {"html_report": HtmlReport(options, docket)}
        parts |= {"history": History(options, docket), "saving": Saving(options, docket)}
        parts |= {"lock_times": LockTimes(options, docket)}
        parts |= {"distribution": Distribution(config, options, docket)}
    if options.shard is not None:
        parts["sharding"] = Sharding(config, options, docket)
    for name, part in parts.items():
        config.pluginmanager.register(part, f"pytest_circuit_assert.{name}")


def _rehearsal(config: pytest.Config, options: Options) -> Rehearsal:
    """A worker that is given parcels has a line to the controller."""
    in_parcels = LINE in getattr(config, "workerinput", {})
    return ParcelledRehearsal(config, options) if in_parcels else Rehearsal(config, options)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of what may outlive the run."""
    close_session(config)
    if TRIALS in config.stash:
        config.stash[TRIALS].let_go()
