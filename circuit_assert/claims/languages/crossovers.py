"""Claims that swaps take over from the original answer at the same strength."""

from __future__ import annotations

import math
from collections.abc import Sequence

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion, Fact
from circuit_assert.claims.languages.crossings import CrossoverDifference, RiseAcross
from circuit_assert.claims.languages.doses import Dose, SwappedMargin
from circuit_assert.claims.languages.exchanges import Swap
from circuit_assert.claims.languages.swap_controls import (
    SOURCE,
    ModelWithSites,
    more_than_unrelated,
    prefers_original,
    require_swap,
    singled,
)
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.prompts.unrelated import unrelated
from circuit_assert.stats.region import above
from circuit_assert.stats.region import within as inside

_UNRELATED = unrelated()


@claim("swapping {swap} crosses over at the same strength", source=SOURCE)
def swaps_cross_over_alike(
    model: ModelWithSites,
    swap: Swap,
    *,
    on: PromptSet,
    versus: PromptSet,
    strengths: Sequence[float],
    within: float,
    other: Swap | None = None,
    null: PromptSet = _UNRELATED,
    tried_on: int = 8,
) -> Body:
    """The strength at which a swap makes both answers as likely is the same on two sets of prompts.

    For one swap in two languages (`on=antonyms("fr")`, `versus=antonyms("zh")`), or for two swaps,
    such as those of English for French and for Chinese (`other=`). The crossover is where the mean
    of log p(foil) − log p(answer) over prompts becomes zero for the first time as the strength
    rises, linear between the strengths measured. Claimed is an equivalence: the interval of the
    difference of the two crossovers lies within ±`within`. What each prompt adds to it is its
    margin at the crossover over the slope of the mean there (the delta method), so that concepts
    and templates both count as drawn; what both sets share of them is paired.

    It is about crossovers only where there are two: without the swap the model prefers the original
    answer, at the largest strength the swapped one, and the mean rises where it crosses over, on
    both; else nothing is decided. Controls as those of `swapping_changes_answer`: other concepts'
    swapped answers, and 200 directions of equal norm.

    Args:
        model: The model.
        swap: What is added, and where.
        on: Prompts of one language, with answers, the swapped ones as foils.
        versus: Those of the other, with the same names of clusters.
        strengths: How many times the difference is added, rising, to beyond the crossover: a few,
            for the slope is that between two of them.
        within: Largest difference of the two strengths that does not count, in times the swap.
        other: The swap on `versus`; by default the same.
        null: Unrelated prompts with at least 40 templates, for the controls.
        tried_on: How many prompts of each set the 200 controls are tried on.

    Raises:
        ComponentError: for a site that the model does not have.
        ClaimError: for strengths that do not rise from above zero, prompts without these ids, of
            several languages or clustered by other names, a template in both the swap and the
            prompts, the same on both sides, or a `within` that is not above zero.

    Published:
        In Claude 3.5 Haiku the operation's answer crosses over near 4 times the donor's activation
        in English, French and Chinese.

    Pitfalls:
        Strengths are counted in the swap's own length: two swaps may cross over alike and differ in
        norm. Swaps are taken as they are: one found on other prompts may cross over elsewhere.
        Between strengths far apart a bent curve crosses over elsewhere than its chord does. Where a
        language does not cross over within the strengths, nothing is said, even if it plainly takes
        more.
    """
    there = swap if other is None else other
    for side in (swap, there):
        model.site(str(side.site))
    require_swap(swap, on, strengths)
    require_swap(there, versus, strengths)
    _require_two_sides((swap, on), (there, versus))
    if not 0 < within < math.inf:
        raise ClaimError(f"within is how far apart they may be, above zero; got {within}. Try 0.5.")
    doses = Dose(swap, on, tuple(strengths)), Dose(there, versus, tuple(strengths))
    named = tuple(zip(doses, _names(on, versus), strict=True))
    return Body(
        primaries=Criterion(
            "difference",
            CrossoverDifference(*doses),
            inside(within),
            "difference of the strengths at which both answers are as likely",
            "times the swap",
            model,
        ),
        guards=(
            *(singled(dose, where, model) for dose, where in named),
            *_more_than_unrelated(doses, _names(on, versus), null, tried_on),
        ),
        gate=AllOf(tuple(part for dose, where in named for part in _crosses(dose, where, model))),
        scope=f"on {on.name} as {f'swapping {there} ' if other else ''}on {versus.name}, "
        f"within {within:g} times it",
    )


def _crosses(dose: Dose, where: str, owner: Owner) -> tuple[Criterion, ...]:
    """The original answer without the swap, the swapped one with most of it, and a rise between."""
    most = f"{dose.strengths[-1]:g} times it"
    return (
        prefers_original(dose, where, owner),
        Criterion(
            f"swapped {where}",
            SwappedMargin(dose),
            above(0.0),
            f"log p(swapped) − log p(original) {where} at {most}",
            "nats",
            owner,
            otherwise=f"the swap is not shown to cross over {where} within {most}",
        ),
        Criterion(
            f"rise {where}",
            RiseAcross(dose),
            above(0.0),
            f"rise of log p(swapped) − log p(original) {where} across the crossover",
            "nats",
            owner,
            otherwise=f"the margin is not shown to rise {where} where it crosses over",
        ),
    )


def _more_than_unrelated(
    doses: tuple[Dose, Dose], names: tuple[str, str], null: PromptSet, tried_on: int
) -> list[Fact]:
    if doses[0].swap == doses[1].swap:
        return [more_than_unrelated(doses, null, tried_on)]
    pairs = zip(doses, names, strict=True)
    return [more_than_unrelated((dose,), null, tried_on, where) for dose, where in pairs]


def _names(on: PromptSet, versus: PromptSet) -> tuple[str, str]:
    """What tells the sides apart: their languages, or their order."""
    languages = on.languages[0], versus.languages[0]
    if languages[0] != languages[1]:
        return f"in {languages[0]}", f"in {languages[1]}"
    return "on the first prompts", "on the second prompts"


def _require_two_sides(first: tuple[Swap, PromptSet], second: tuple[Swap, PromptSet]) -> None:
    on, versus = first[1], second[1]
    for prompts in (on, versus):
        if len(prompts.languages) != 1:
            raise ClaimError(
                f"crossovers are compared between two languages; {prompts.name} has "
                f"{', '.join(prompts.languages)}. Give one with .where(language=…)."
            )
    if on.cluster_by != versus.cluster_by:
        raise ClaimError(
            f"{on.name} is clustered by {', '.join(on.cluster_by)} and {versus.name} by "
            f"{', '.join(versus.cluster_by)}: make both alike."
        )
    if first == second:
        raise ClaimError(f"both sides are the same: {on.name}. Give another language as versus.")
