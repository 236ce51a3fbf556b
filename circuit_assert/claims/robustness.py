"""One claim in every setting that could have been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from circuit_assert.claims.claim import Claim, ClaimType, claim
from circuit_assert.claims.criteria import Body
from circuit_assert.claims.families import EveryCell, Member
from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError

_MOST = 100  # cells: each brings its own controls


@claim("{subject} meets {kind} in every setting")
def robustly(
    kind: ClaimType[...],
    subject: Subject,
    *,
    over: Mapping[str, Sequence[Any]],
    **arguments: Any,  # noqa: ANN401 - those of any kind of claim
) -> EveryCell:
    """A claim holds in every setting of a grid: whatever the ablation, the prompts, the position.

    A result that holds under one ablation or on one set of templates may be that choice's. Each
    cell is judged as a claim of its kind, controls and all. Supported when every cell is, each at
    α, so that no correction is needed; refuted when one is, at α over the number of cells. The
    evidence shows every cell.

    Args:
        kind: A kind of claim, not called yet, as `ablation_drops_logit`.
        subject: What it is about, as `model["L11H3"]`.
        over: Argument → the values it takes: `{"ablation": ["mean", "zero"], "on": [one, other]}`.
        arguments: The kind's other arguments.

    Raises:
        ClaimError: for something that is no kind, for no setting to vary, a value given twice, or
            more than 100 cells.

    Pitfalls:
        A grid shows what was varied and nothing else.
    """
    _check(kind, over, arguments)
    cells = [dict(zip(over, values, strict=True)) for values in product(*over.values())]
    claims = [kind.unannounced(subject, **arguments, **cell) for cell in cells]
    names = {name: _distinct(values) for name, values in over.items()}
    settings = [", ".join(setting) for setting in product(*names.values())]
    varied = {name: f"each of {', '.join(some)}" for name, some in names.items()}
    choices = "; ".join(f"{name}: {', '.join(some)}" for name, some in names.items())
    said = kind.said_with(varied, subject, **arguments, **cells[0])
    fixed = {name: value for name, value in claims[0].arguments.items() if name not in over}
    return EveryCell(
        words=f"{said}, whatever the setting ({choices})",
        arguments={"kind": kind.name, **fixed, **_identities(claims, over)},
        source=claims[0].source,
        on=claims[0].on[0],
        these=tuple(
            Member(subject.components[0], _body(each).of(f"[{name}]"), name)
            for each, name in zip(claims, settings, strict=True)
        ),
        others=(),
        grid=tuple(dict.fromkeys(on for each in claims for on in each.on)),
    )


def _check(
    kind: object,
    over: Mapping[str, Sequence[Any]],
    arguments: Mapping[str, Any],
) -> None:
    if not isinstance(kind, ClaimType):
        raise ClaimError(
            f"the first argument is a kind of claim, not called yet, as in "
            f'robustly(ablation_drops_logit, model["L11H3"], over=…); got {kind!r}.'
        )
    sizes = [len(values) for values in over.values()]
    if not sizes or min(sizes) == 0 or max(sizes) < 2:
        raise ClaimError(
            'over= gives two values or more to vary, as {"ablation": ["mean", "zero"]}.'
        )
    if twice := [name for name in over if name in arguments]:
        raise ClaimError(f"{twice[0]} is given by over= and again by {twice[0]}=: leave one out.")
    cells = 1
    for size in sizes:
        cells *= size
    if cells > _MOST:
        raise ClaimError(f"a grid has at most {_MOST} cells, each with its controls; got {cells}.")


def _identities(claims: Sequence[Claim], over: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """What each varied argument was, as claims' identities say it."""
    return {
        name: str(list(dict.fromkeys(each.arguments[name] for each in claims))) for name in over
    }


def _body(claim: Claim) -> Body:
    if isinstance(claim.body, Body):
        return claim.body
    raise ClaimError(f"{claim.kind} is about a family already: make its members robust instead.")


def _distinct(values: Sequence[object]) -> list[str]:
    """What values are called; prompts of one name also by their fingerprint.

    Raises:
        ClaimError: for a value that is given twice.
    """
    names = [str(getattr(value, "name", value)) for value in values]
    prints = [str(getattr(value, "fingerprint", ""))[:6] for value in values]
    said = [
        f"{name}#{mark}" if mark and names.count(name) > 1 else name
        for name, mark in zip(names, prints, strict=True)
    ]
    if twice := [name for name in said if said.count(name) > 1]:
        raise ClaimError(f"over= has {twice[0]} twice.")
    return said
