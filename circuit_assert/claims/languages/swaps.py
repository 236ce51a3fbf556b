"""Claims that swapping one thing in the residual stream swaps the answer."""

from __future__ import annotations

from collections.abc import Sequence

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.claims.languages.doses import Dose, SwappedMargin, Trend
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
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.prompts.unrelated import unrelated
from circuit_assert.stats.region import above

_UNRELATED = unrelated()


@claim("swapping {swap} changes the answer", source=SOURCE)
def swapping_changes_answer(
    model: ModelWithSites,
    swap: Swap,
    *,
    on: PromptSet,
    strengths: Sequence[float] = (1.0, 2.0, 3.0, 4.0),
    by: float = 0.0,
    null: PromptSet = _UNRELATED,
    tried_on: int = 8,
) -> Body:
    """Adding a difference found on other prompts makes the swapped answer the likelier one.

    For the operation (`swap_conditions(synonyms("en"), versus=antonyms("en"), at=…)`), the language
    (`swap_conditions(synonyms("fr"), versus=synonyms("en"), at=…)`) and the operand
    (`swap_operands(antonyms("en"), at=…)`, at the word itself). In every language of the prompts:
    the margin log p(foil) − log p(answer) rises with the strength, and exceeds `by` at the largest.
    Conditions are made without the concept they are tested on, and everything without its
    templates.

    Answers are scored by their first token, a forced choice. Prompts are left out where that is
    not valid: where both begin with the same token, or one with a bare byte or merged with the
    text; the evidence says how many.

    Controls: without the swap the model prefers the original in every language. The swapped answer
    rises above the swapped answers of other concepts too, so that not every such word is merely
    made likelier (a swap of the language keeps it above them). Of 200 directions of equal norm,
    between unrelated templates (for the operand, between other words), at most one does as much.

    Args:
        model: The model.
        swap: What is added, and where.
        on: Prompts with answers, the swapped ones as foils (`antonyms`, `answered_as`,
            `other_operands`; `both_ways` of any), and "concept" and "template" ids.
        strengths: How many times the difference is added, rising. The claim is about the largest.
        by: Smallest margin of the swapped answer over the original, in nats.
        null: Unrelated prompts with at least 40 templates, for the controls.
        tried_on: How many prompts of each language the 200 controls are tried on, the shortest
            of different concepts: what most of the time goes into.

    Raises:
        ComponentError: for a site that the model does not have.
        ClaimError: for strengths that do not rise from above zero, prompts without these ids, or
            a template in both the swap and the prompts.

    Published:
        In Claude 3.5 Haiku the operation's answer crosses over near 4 times the donor's activation
        in all languages; the defaults go up to there. Those are features, these are differences of
        means.

    Pitfalls:
        Strengths above 1 are larger than what prompts do by themselves. The crossover is a mean
        over prompts, interpolated. First tokens of long words say little about the rest of them.
    """
    model.site(str(swap.site))
    require_swap(swap, on, strengths)
    doses = tuple(
        Dose(swap, on.where(language=language), tuple(strengths)) for language in on.languages
    )
    most = f"at {strengths[-1]:g} times it"
    return Body(
        primaries=AllOf(tuple(part for dose in doses for part in _in_language(dose, by, model))),
        guards=(
            *(singled(dose, _where(dose), model) for dose in doses),
            more_than_unrelated(doses, null, tried_on),
        ),
        gate=AllOf(tuple(prefers_original(dose, _where(dose), model) for dose in doses)),
        scope=f"on {on.name}, {most}" + (f", by {by:g} nats" if by else ""),
    )


def _in_language(dose: Dose, by: float, owner: Owner) -> tuple[Criterion, Criterion]:
    (language,) = dose.on.languages
    return (
        Criterion(
            f"trend in {language}",
            Trend(dose),
            above(0.0),
            f"rise of log p(swapped) − log p(original) in {language} per strength",
            "nats",
            owner,
        ),
        Criterion(
            f"swapped in {language}",
            SwappedMargin(dose),
            above(by),
            f"log p(swapped) − log p(original) in {language} at {dose.strengths[-1]:g} times it",
            "nats",
            owner,
        ),
    )


def _where(dose: Dose) -> str:
    return f"in {dose.on.languages[0]}"
