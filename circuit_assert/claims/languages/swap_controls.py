"""What every claim about swaps comes with: the task, controls, and what cannot be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from circuit_assert.claims.criteria import Criterion, Fact
from circuit_assert.claims.direction_peers import unrelated_part
from circuit_assert.claims.languages.doses import Dose, Singled
from circuit_assert.claims.languages.exchanges import Operands, Swap
from circuit_assert.claims.languages.swap_peers import SwapsMore
from circuit_assert.claims.quantities import Score
from circuit_assert.components import Owner, Site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.stats.region import above

SOURCE = "Lindsey et al. 2025, On the Biology of a Large Language Model, multilingual circuits"
_LEAST_WORDS, _TEMPLATES = 20, 8


class ModelWithSites(Owner, Protocol):
    """A model that can tell its sites."""

    def site(self, address: str) -> Site:
        """A site of the model."""
        ...


def require_swap(swap: Swap, on: PromptSet, strengths: Sequence[float]) -> None:
    """Refuse what cannot be measured, before a model loads.

    Raises:
        ClaimError: for strengths that do not rise from above zero, prompts without the ids that
            the swap needs, or a template in both the swap and the prompts.
    """
    _require_strengths(strengths)
    _require_ids(swap, on)
    _require_other_templates(swap, on)


def more_than_unrelated(
    doses: tuple[Dose, ...], null: PromptSet, tried_on: int, where: str = ""
) -> Fact:
    """The swap changes the answer more than directions of equal norm do.

    Args:
        doses: The prompts of each language under one swap.
        null: Unrelated prompts that the directions are made of.
        tried_on: How many prompts of each language they are tried on.
        where: What tells it from that of another swap.

    Raises:
        ClaimError: for too few unrelated templates, or words.
    """
    return Fact(
        " ".join(filter(None, ("more than unrelated directions", where))),
        SwapsMore(doses, _part_of(null, doses[0].swap), prompts=tried_on),
        "the smallest margin ranks above those of directions of equal norm",
    )


def prefers_original(dose: Dose, where: str, owner: Owner) -> Criterion:
    """Without the swap the model gives the original answer."""
    return Criterion(
        f"competence {where}",
        Score(Request(LogitDifference(), dose.on)),
        above(0.0),
        f"log p(original) − log p(swapped) {where} without the swap",
        "nats",
        owner,
    )


def singled(dose: Dose, where: str, owner: Owner) -> Criterion:
    """The swap does not make every such word likelier alike."""
    rises = not dose.swap.changes_language
    verb = "rise of the swapped answer" if rises else "the swapped answer"
    return Criterion(
        f"its own concept {where}",
        Singled(dose, rises),
        above(0.0),
        f"{verb} above those of other concepts {where}",
        "nats",
        owner,
    )


def _part_of(null: PromptSet, swap: Swap) -> PromptSet:
    """As many unrelated prompts as it takes: few words in every template, or the other way round.

    Raises:
        ClaimError: for too few templates, or words.
    """
    few = unrelated_part(null)
    if swap.kind == "template":
        return few
    words = {prompt.clusters["concept"] for prompt in null}
    if len(words) < _LEAST_WORDS:
        raise ClaimError(
            f"controls for words come from at least {_LEAST_WORDS} of them; {null.name} has "
            f"{len(words)}. Try unrelated()."
        )
    templates = list(dict.fromkeys(prompt.clusters["template"] for prompt in null))
    chosen = set(templates[:: len(templates) // _TEMPLATES][:_TEMPLATES])
    return null.where(lambda prompt: prompt.clusters["template"] in chosen)


def _require_strengths(strengths: Sequence[float]) -> None:
    rising = all(b > a for a, b in zip((0.0, *strengths), strengths, strict=False))
    if len(strengths) < 2 or not rising:
        raise ClaimError(
            f"strengths are two or more, above zero and rising; got {tuple(strengths)}. "
            f"Try (1.0, 2.0)."
        )


def _require_ids(swap: Swap, on: PromptSet) -> None:
    needed = ("concept", "template", *(("donor",) if isinstance(swap, Operands) else ()))
    for name in needed:
        if any(not prompt.clusters.get(name) for prompt in on):
            hint = "other_operands(antonyms(…))" if name == "donor" else "antonyms(…)"
            raise ClaimError(f"{on.name}: every prompt needs a {name!r} id, as {hint} have.")
    if any(prompt.answer is None or prompt.foil is None for prompt in on):
        raise ClaimError(f"{on.name}: every prompt needs an answer, and as foil the swapped one.")


def _require_other_templates(swap: Swap, on: PromptSet) -> None:
    made_of = {prompt.clusters.get("template") for source in swap.sources for prompt in source}
    shared = sorted({p.clusters["template"] for p in on if p.clusters["template"] in made_of})
    if shared:
        raise ClaimError(
            f"a swap is tested on other templates than it is made of; both have "
            f"{', '.join(shared[:3])}{' …' if len(shared) > 3 else ''}. Split them with "
            f".where(…), or test another language."
        )
