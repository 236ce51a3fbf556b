"""Claims that swapping one thing in the residual stream swaps the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion, Fact
from circuit_assert.claims.direction_peers import unrelated_part
from circuit_assert.claims.languages.doses import Dose, Singled, SwappedMargin, Trend
from circuit_assert.claims.languages.exchanges import Operands, Swap
from circuit_assert.claims.languages.swap_peers import SwapsMore
from circuit_assert.claims.quantities import Score
from circuit_assert.components import Owner, Site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.prompts.unrelated import unrelated
from circuit_assert.stats.region import above

SOURCE = "Lindsey et al. 2025, On the Biology of a Large Language Model, multilingual circuits"
_UNRELATED = unrelated()
_LEAST_WORDS, _TEMPLATES = 20, 8


class ModelWithSites(Owner, Protocol):
    """A model that can tell its sites."""

    def site(self, address: str) -> Site:
        """A site of the model."""
        ...


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
    _require_strengths(strengths)
    _require_ids(swap, on)
    _require_other_templates(swap, on)
    doses = tuple(
        Dose(swap, on.where(language=language), tuple(strengths)) for language in on.languages
    )
    most = f"at {strengths[-1]:g} times it"
    return Body(
        primaries=AllOf(tuple(part for dose in doses for part in _in_language(dose, by, model))),
        guards=(
            *(_singled(dose, model) for dose in doses),
            Fact(
                "more than unrelated directions",
                SwapsMore(doses, _part_of(null, swap), prompts=tried_on),
                "the smallest margin ranks above those of directions of equal norm",
            ),
        ),
        gate=AllOf(tuple(_prefers_original(dose, model) for dose in doses)),
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


def _prefers_original(dose: Dose, owner: Owner) -> Criterion:
    (language,) = dose.on.languages
    return Criterion(
        f"competence in {language}",
        Score(Request(LogitDifference(), dose.on)),
        above(0.0),
        f"log p(original) − log p(swapped) in {language} without the swap",
        "nats",
        owner,
    )


def _singled(dose: Dose, owner: Owner) -> Criterion:
    (language,) = dose.on.languages
    rises = not dose.swap.changes_language
    verb = "rise of the swapped answer" if rises else "the swapped answer"
    return Criterion(
        f"its own concept in {language}",
        Singled(dose, rises),
        above(0.0),
        f"{verb} above those of other concepts in {language}",
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
