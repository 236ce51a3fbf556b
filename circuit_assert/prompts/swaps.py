"""Prompts whose foil is what the model should answer once something is swapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from circuit_assert.errors import PromptError
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def answered_as(prompts: PromptSet, others: PromptSet) -> PromptSet:
    """The same prompts, the foil of each being the answer of `others` for its concept.

    `answered_as(antonyms("fr"), antonyms("en"))` are French prompts with French answers and
    English foils: what they should say once the language is swapped.

    Args:
        prompts: With "concept" ids and answers.
        others: Likewise; prompts of concepts that these do not have, or have with the same
            answer, are left out.

    Raises:
        PromptError: when no prompt is left.
    """
    answers = {prompt.clusters.get("concept"): prompt.answer for prompt in others}
    name = f"{prompts.name} answered as {others.name}"
    return _with_foils(prompts, name, lambda prompt: answers.get(prompt.clusters.get("concept")))


def other_operands(prompts: PromptSet, step: int = 7) -> PromptSet:
    """The same prompts, the foil of each being the answer that another word, its donor, has.

    The donor's concept is the `step`-th after a prompt's own, the first that has another answer
    in the prompt's language; its id is the prompt's "donor".

    Args:
        prompts: With "concept" ids and answers, of any languages.
        step: How far away the donor is.

    Raises:
        PromptError: when no prompt is left.
    """
    concepts = list(dict.fromkeys(prompt.clusters.get("concept", "") for prompt in prompts))
    said = {(p.language, p.clusters.get("concept", "")): (p.answer, p.foil) for p in prompts}

    def donor_of(prompt: Prompt) -> str | None:
        own = concepts.index(prompt.clusters.get("concept", ""))
        turned = [concepts[(own + step + n) % len(concepts)] for n in range(len(concepts))]
        mine = set(said[prompt.language, concepts[own]])
        return next(
            (c for c in turned if not mine & set(said.get((prompt.language, c), mine))), None
        )

    donated = tuple(
        replace(prompt, foil=said[prompt.language, donor][0], clusters={**prompt.clusters, "donor": donor})
        for prompt in prompts
        if (donor := donor_of(prompt)) is not None
    )
    return replace(prompts, name=f"{prompts.name} with other words", prompts=donated)


def _with_foils(
    prompts: PromptSet, name: str, foil_of: Callable[[Prompt], str | None]
) -> PromptSet:
    changed = tuple(
        replace(prompt, foil=foil)
        for prompt in prompts
        if (foil := foil_of(prompt)) is not None and foil != prompt.answer
    )
    if not changed:
        raise PromptError(f"{name}: no prompt has another answer for its concept.")
    return replace(prompts, name=name, prompts=changed)
