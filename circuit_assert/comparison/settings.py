"""Under what other conditions the later run judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from circuit_assert.ledger import Ledger

_OF_THE_RUN = {
    "false_pass_rate": "α",
    "seed": "seed",
    "fail_on": "fails on",
    "git_commit": "commit",
    "platform": "platform",
}
_OF_A_MODEL = ("fingerprint", "dtype", "device")
_CALLED = {"fingerprint": "weights"}


class Setting(NamedTuple):
    """A setting that differs.

    Args:
        name: Which: "torch", "weights of gemma-3-270m".
        before: What it was; "–" for nothing.
        after: What it is.
    """

    name: str
    before: str
    after: str


def settings(before: Ledger, after: Ledger) -> tuple[Setting, ...]:
    """Every setting that differs between two runs; what one of them does not say is left out."""
    made = [*_of_the_runs(before, after), *_of_the_models(before, after)]
    return tuple(each for each in made if each.before != each.after)


def _of_the_runs(before: Ledger, after: Ledger) -> Iterable[Setting]:
    was, now = before.run, after.run
    if was is None or now is None:
        return
    for name, said in _OF_THE_RUN.items():
        one, other = getattr(was, name), getattr(now, name)
        if one not in (None, "") and other not in (None, ""):
            yield Setting(said, _short(one), _short(other))
    if was.git_commit == now.git_commit and None not in (was.git_dirty, now.git_dirty):
        yield Setting("changes since the commit", _yes(was.git_dirty), _yes(now.git_dirty))
    for name in dict.fromkeys((*was.versions, *now.versions)):
        yield Setting(name, was.versions.get(name, "–"), now.versions.get(name, "–"))


def _of_the_models(before: Ledger, after: Ledger) -> Iterable[Setting]:
    """What each model was; a run of two models in place of one has other models, said once."""
    was, now = _models(before), _models(after)
    if was.keys() != now.keys():
        yield Setting("models", ", ".join(was) or "–", ", ".join(now) or "–")
    for model in was:
        for name in _OF_A_MODEL:
            one, other = was[model][name], now.get(model, {}).get(name, "")
            if one and other:
                yield Setting(f"{_CALLED.get(name, name)} of {model}", one, other)


def _models(ledger: Ledger) -> dict[str, Mapping[str, str]]:
    """Model → its settings; several of one name (two devices) are all said.

    From its claims, since older ledgers have no record of a model.
    """
    found: dict[str, dict[str, dict[str, None]]] = {}
    for claim in ledger.claims:
        values = found.setdefault(claim.model, {name: {} for name in _OF_A_MODEL})
        for name in _OF_A_MODEL:
            if getattr(claim, name):
                values[name][getattr(claim, name)] = None
    return {
        model: {name: ", ".join(many) for name, many in values.items()}
        for model, values in found.items()
    }


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _yes(value: bool | None) -> str:
    return "yes" if value else "no"
