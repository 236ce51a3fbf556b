"""Prompts whose foil is what the model should answer once something is swapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def other_operands(prompts: PromptSet, *, paired: bool = True) -> PromptSet:
    """The same prompts, the foil of each being the answer that another word, its donor, has.

    In each language concepts are put together in pairs, each the "donor" of the other, so that
    how frequent words are cancels: decisions are made by "pair" and "template".

    Args:
        prompts: With "concept" ids and answers, of any languages. Concepts for which there is no
            other left with another answer are left out.
        paired: False where concepts are too few to halve them: the donor is then the concept half
            the list away, and decisions are made by "concept" and "template".

    Raises:
        PromptError: when no prompt is left.
    """
    donated: list[Prompt] = []
    for language in prompts.languages:
        own = [prompt for prompt in prompts if prompt.language == language]
        said = {prompt.clusters.get("concept", ""): (prompt.answer, prompt.foil) for prompt in own}
        donors = _pairs(said) if paired else _half_away(said)
        for prompt in own:
            concept = prompt.clusters.get("concept", "")
            if concept in donors:
                pair = " and ".join(sorted((concept, donors[concept])))
                clusters = {**prompt.clusters, "donor": donors[concept], "pair": pair}
                foil, _ = said[donors[concept]]
                donated.append(replace(prompt, foil=foil, clusters=clusters))
    name = f"{prompts.name} with other words"
    if not donated:
        raise PromptError(f"{name}: no two concepts have different answers.")
    return PromptSet(name, tuple(donated), ("pair" if paired else "concept", "template"))


def _half_away(said: Mapping[str, tuple[str | None, str | None]]) -> dict[str, str]:
    """Each concept's donor: half the list away, where its words are others."""
    concepts = list(said)
    turned = concepts[len(concepts) // 2 :] + concepts[: len(concepts) // 2]
    both = zip(concepts, turned, strict=True)
    return {own: other for own, other in both if not set(said[own]) & set(said[other])}


def both_ways(there: PromptSet, back: PromptSet) -> PromptSet:
    """Prompts of two conditions, to swap the one for the other and the other for the one.

    Each word is then an answer in the one and a foil in the other, so that how frequent words are
    cancels: templates of the two are matched by their order ("templates"), and decisions are made
    by "concept" and "templates". A swap of conditions is taken off where "way" is "back".

    Args:
        there: Prompts with "concept" and "template" ids, answers and foils, from which a swap
            leads away: `antonyms("fr")`.
        back: Those to which it leads: `synonyms("fr")`. Prompts that have no match in the other
            condition and the same language are left out.

    Raises:
        PromptError: when no prompt is left.
    """
    sides = [_matched(prompts) for prompts in (there, back)]
    shared = [cell for cell in sides[0] if cell in sides[1]]
    if not shared:
        raise PromptError(f"{there.name} and {back.name} have no concept and template in common.")
    made = tuple(
        replace(
            side[cell],
            clusters={**side[cell].clusters, "way": way, "templates": f"{cell[0]}/{cell[2]}"},
        )
        for side, way in zip(sides, ("there", "back"), strict=True)
        for cell in shared
    )
    return PromptSet(f"{there.name} and {back.name}", made, ("concept", "templates"))


def _matched(prompts: PromptSet) -> dict[tuple[str, str, int], Prompt]:
    """Language, concept and number of the template in its language → prompt."""
    numbers: dict[str, dict[str, int]] = {}
    found: dict[tuple[str, str, int], Prompt] = {}
    for prompt in prompts:
        known = numbers.setdefault(prompt.language, {})
        template = prompt.clusters.get("template", "")
        number = known.setdefault(template, len(known))
        found[prompt.language, prompt.clusters.get("concept", ""), number] = prompt
    return found


def _pairs(said: Mapping[str, tuple[str | None, str | None]]) -> dict[str, str]:
    """Each concept's donor and the other way round: half the list away, or the first that fits."""
    concepts, donors = list(said), dict[str, str]()
    for index, concept in enumerate(concepts):
        for step in range(len(concepts)):
            other = concepts[(index + len(concepts) // 2 + step) % len(concepts)]
            free = concept not in donors and other not in donors and other != concept
            if free and not set(said[concept]) & set(said[other]):
                donors |= {concept: other, other: concept}
    return donors


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
