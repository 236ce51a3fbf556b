"""Claims about several models in order: what is claimed is not so up to one, and so from one on."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from circuit_assert.claims.claim import Claim
from circuit_assert.claims.families import AtEachModel
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.model_names import short_names

OfAModel: TypeAlias = Callable[[Any], Claim]
"""Makes the claim about one model: `lambda model: head_is_induction(model["L1H4"])`."""


@dataclass(frozen=True)
class Checkpoints:
    """Several models in order, as what a claim is about.

    Args:
        name: What reports call them.
        models: The earliest first.
    """

    name: str
    models: tuple[Owner, ...]

    @property
    def false_pass_rate(self) -> float:
        """α for claims about them."""
        return self.models[0].false_pass_rate

    def judge(self, claim: Any, /) -> Any:  # noqa: ANN401 - as every owner
        """The evidence for a claim about them, measured now if need be."""
        return self.models[0].judge(claim)

    def announce(self, claim: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim about them was made."""
        self.models[0].announce(claim)

    def asked(self, claim: Any, evidence: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim's truth was asked for."""
        self.models[0].asked(claim, evidence)


def emerges(claim: OfAModel, *, over: Sequence[Owner], after: str, by: str) -> Claim:
    """What is claimed of a model is not so up to one checkpoint, and so from another one on.

    Supported when the claim is refuted at every checkpoint up to and including `after` and
    supported at every one from `by` on, each at α: where the whole is false, one of these is
    wrong, so no correction is needed (an intersection-union test: Berger 1982, Technometrics 24,
    295-300). Refuted when one of them is the other way, at α over their number. The checkpoints
    in between may be either way and are not measured.

    Args:
        claim: Makes the claim about one model: `lambda model: head_is_induction(model["L1H4"])`.
        over: The models in order, the earliest first, as `checkpoints_fixture` gives them.
        after: The last checkpoint at which it is claimed not to be so. A model is named as in
            reports; where all are of one, by what follows the "@" alone: "step256".
        by: The first from which on it is claimed to be so.

    Raises:
        ClaimError: for a checkpoint that is not among them, or `by` not after `after`, for models
            that are fewer than two or not distinct, and where what is claimed of one model is not
            what is claimed of another.

    Pitfalls:
        A head found by looking at these checkpoints on these prompts is no test of where it
        emerges: look on the discovery half, or train once more with another seed.
    """
    names = labels(over)
    last, first = _place(over, names, "after", after), _place(over, names, "by", by)
    if first <= last:
        raise ClaimError(
            f"by={by!r} is a checkpoint after after={after!r}; they are in the order "
            f"{', '.join(names)}."
        )
    parts = made(claim, [*over[: last + 1], *over[first:]])
    one = parts[0]
    whole = Claim(
        "emerges",
        f"{one.words}: not so up to {names[last]}, and so from {names[first]} on",
        model=Checkpoints(_named([each.name for each in over]), tuple(over)),
        body=AtEachModel(denied=parts[: last + 1], supported=parts[last + 1 :]),
        arguments={
            "claim": one.kind,
            **{f"claim.{name}": value for name, value in _arguments(one).items()},
            "after": names[last],
            "by": names[first],
            "over": ", ".join(each.name for each in over),
        },
        source=one.source,
        about=one.about,
        on=one.on,
        told=all(part.told for part in parts),
    )
    over[0].announce(whole)
    return whole


def labels(over: Sequence[Owner]) -> tuple[str, ...]:
    """What the checkpoints are called among themselves: by revision, where that tells them apart.

    Raises:
        ClaimError: for fewer than two, or one given twice.
    """
    if not isinstance(over, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ClaimError(f"over= are several models in order, [model, …]; got one: {over!r}.")
    names = [model.name for model in over]
    if len(names) < 2:
        raise ClaimError(
            f"something emerges over two models or more, in order; got {', '.join(names) or 'none'}"
            f". Give them as over=checkpoints, from checkpoints_fixture([…])."
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise ClaimError(f"over= has {twice[0]} twice.")
    return short_names(names)


def made(claim: OfAModel, over: Sequence[Owner]) -> tuple[Claim, ...]:
    """The claim about each model.

    Raises:
        ClaimError: where one is about another model, or says something else.
    """
    found: list[Claim] = []
    for model in over:
        one = _made_by(claim, model)
        if one.model != model:
            raise ClaimError(
                f"asked for a claim about {model.name}, the first argument made one about "
                f"{one.model.name}: use the model that it is given."
            )
        found.append(one)
    for one in found[1:]:
        if _said(one) != _said(found[0]):
            raise ClaimError(
                f"of {one.model.name} it is claimed that {one.words}, and of "
                f"{found[0].model.name} that {found[0].words}: the same has to be claimed of each."
            )
    return tuple(found)


def _made_by(function: Callable[[Any], object], model: Owner) -> Claim:
    one = function(model)
    if isinstance(one, Claim) and not one.parts:
        return one
    raise ClaimError(
        f"the first argument makes a claim about one model, as in "
        f'lambda model: head_is_induction(model["L1H4"]); it made {one!r} of {model.name}.'
    )


def _said(claim: Claim) -> tuple[str, str, dict[str, str]]:
    return claim.kind, claim.words, _arguments(claim)


def _arguments(claim: Claim) -> dict[str, str]:
    """All but the model, where that is one of them."""
    return {name: said for name, said in claim.arguments.items() if said != str(claim.model)}


def _place(over: Sequence[Owner], names: Sequence[str], argument: str, name: str) -> int:
    for among in (names, [model.name for model in over]):
        if name in among:
            return among.index(name)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.3)
    said = f"; did you mean {near[0]!r}?" if near else "."
    raise ClaimError(f"{argument}={name!r} is none of {', '.join(names)}{said}")


def _named(names: Sequence[str]) -> str:
    """ "pythia-70m@step1 to step512", for models that share what is before the "@"."""
    return f"{names[0]} to {short_names(names)[-1]}"
