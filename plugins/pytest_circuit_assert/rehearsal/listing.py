"""`--claims-list`, `--claims-plan` and the lock: what a run would judge, without judging it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.judgements.places import Statements
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.rehearsal.locking import locked
from pytest_circuit_assert.rehearsal.rehearsal import Rehearsed, rehearse

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.components import Owner
    from circuit_assert.models.model import Model

_WIDTH = 100


class Listing:
    """Lists claims in place of running tests.

    Args:
        options: Those of the run.
    """

    def __init__(self, options: Options) -> None:
        self.rehearsed: Rehearsed | None = None
        self._options = options

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Print the list; nothing runs after it."""
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return None  # pytest says which files cannot be read
        reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
        self.rehearsed = rehearse(session.config, session.items)
        for line in self._lines(self.rehearsed, session.config.invocation_params.dir):
            if reporter is not None:
                reporter.write_line(line)
        return True

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """The list as builtins that JSON takes."""
        if self.rehearsed is None:
            return {"claims": [], "not_rehearsed": []}
        return {
            "claims": [_claim_as_dict(*each) for each in polarities(self.rehearsed)],
            "not_rehearsed": [
                {"nodeid": nodeid, "reason": reason}
                for nodeid, reason in self.rehearsed.refused.items()
            ],
        }

    def _lines(self, rehearsed: Rehearsed, here: Path) -> Iterator[str]:
        if self._options.write_lock is None:
            return listed(rehearsed, self._options)
        return locked(rehearsed, self._options.write_lock, here)


def here_alone(config: pytest.Config) -> None:
    """Under xdist it is workers that collect, and they print nothing: do without them."""
    for name, value in (("numprocesses", None), ("dist", "no"), ("tx", [])):
        if hasattr(config.option, name):
            setattr(config.option, name, value)


def listed(rehearsed: Rehearsed, options: Options) -> Iterator[str]:
    """The claims of each model, then the tests whose claims are not known."""
    from circuit_assert.models.model import Model

    by_model: dict[Owner, list[tuple[str, str, Claim]]] = {}
    for said in polarities(rehearsed):
        by_model.setdefault(said[-1].model, []).append(said)
    for model, said in by_model.items():
        yield ""
        one = isinstance(model, Model)
        yield f"{model.name} ({model.spec.dtype}, {model.spec.device})" if one else model.name
        for polarity, nodeid, claim in said:
            yield f"  {polarity:<8}  {claim.words}  ({nodeid})"
        if options.listing == "plan" and one:
            yield from planned(model, [claim for _, _, claim in said], options.memory)
    if rehearsed.refused:
        yield ""
        yield "claims not known before the test runs"
        for nodeid, reason in rehearsed.refused.items():
            yield f"  {nodeid}: {reason}"


def polarities(rehearsed: Rehearsed) -> Iterator[tuple[str, str, Claim]]:
    """For each claim of each test: whether it is asserted or denied, in which test, and it."""
    statements = Statements()
    for nodeid, learned in rehearsed.learned.items():
        for claim_id, claim in learned.claims.items():
            yield learned.polarity(claim_id, statements), nodeid, claim


def _claim_as_dict(polarity: str, nodeid: str, claim: Claim) -> dict[str, Any]:
    return {
        "claim_id": claim.id,
        "claim_type": claim.kind,
        "sentence": claim.sentence,
        "words": claim.words,
        "model": claim.model.name,
        "polarity": polarity,
        "arguments": {name: str(value) for name, value in claim.arguments.items()},
        "nodeid": nodeid,
    }


def planned(model: Model, claims: Sequence[Claim], memory: int | None) -> Iterator[str]:
    """What measuring the claims takes."""
    from circuit_assert.forecast import forecast, tokenizer_at_hand

    made = forecast(claims, tokenizer_at_hand(model.spec))
    yield from _folded(
        f"plan: {_count(made.claims, 'claim')} on {_count(made.prompt_sets, 'prompt set')}; where "
        f"none is refuted early, at least {_count(made.passes, 'pass')} and "
        f"{_count(made.interventions, 'intervention')}, {_count(made.rows, 'prompt')} run"
    )
    if made.open:
        criteria = "criterion is" if made.open == 1 else "criteria are"
        yield from _folded(
            f"not counted: {made.open} {criteria} not known before something is measured"
        )
    if made.tokens is not None and made.flops is not None:
        yield from _folded(
            f"work: {made.tokens:,} tokens through the blocks that each needs, about "
            f"{made.flops / 1e12:,.2g} TFLOP"
        )
    yield from _folded(_size(model, memory))


def _size(model: Model, memory: int | None) -> str:
    from circuit_assert.forecast import activations_on_a_cpu, parameters, weight_bytes

    card = model.card
    if card is None:
        return "size: not known before the model is fetched"
    blocks, _ = parameters(card)
    parts = [
        f"size: weights of about {weight_bytes(card, model.spec.dtype) / 1e6:,.2f} MB",
        f"about {2 * blocks / 1e9:.2g} GFLOP for each token through all blocks",
    ]
    if model.spec.device == "cpu":  # what another device has free is not known without it
        most = activations_on_a_cpu(memory) / 1e6
        parts.insert(1, f"activations of at most {most:,.0f} MB beside them")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
