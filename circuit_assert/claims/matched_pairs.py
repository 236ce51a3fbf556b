"""Two conditions in one language as pairs of prompts: one concept, one template of each."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import Scores
from circuit_assert.prompts.antonyms import antonyms, balanced, synonyms
from circuit_assert.prompts.base import TokenizedPrompts
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.stats.crossed import LEAST_LEVELS

Condition: TypeAlias = Callable[..., PromptSet] | PromptSet
LEAST = LEAST_LEVELS
"""The fewest templates of each condition, and concepts, that a language is tested with."""


@dataclass(frozen=True)
class MatchedPairs:
    """Prompts of two conditions in one language.

    Args:
        language: ISO 639-1 code.
        prompts: First those at the direction's head, then their partners in the same order.
    """

    language: str
    prompts: PromptSet

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return len(self.prompts) // 2

    def first(self, pairs: Sequence[int]) -> MatchedPairs:
        """Some of the pairs, by number."""
        chosen = (*pairs, *(pair + self.size for pair in pairs))
        kept = tuple(self.prompts.prompts[unit] for unit in chosen)
        name = f"{len(pairs)} pairs of {self.prompts.name}"
        return MatchedPairs(self.language, PromptSet(name, kept, self.prompts.cluster_by))

    def fitting(self, scores: Scores) -> Fitting:
        """The pairs of which both prompts fit the model."""
        row_of = {unit: row for row, unit in enumerate(scores.tokenized(self.prompts).kept)}
        numbers = [n for n in range(self.size) if n in row_of and n + self.size in row_of]
        clusters = [self.prompts.prompts[n].clusters for n in numbers]
        return Fitting(
            numbers=tuple(numbers),
            toward=np.array([row_of[n] for n in numbers], np.int64),
            away=np.array([row_of[n + self.size] for n in numbers], np.int64),
            concepts=np.array([c["concept"] for c in clusters]),
            frames=np.array([c["template"] for c in clusters]),
        )


@dataclass(frozen=True)
class Fitting:
    """The pairs that one model can be asked.

    Args:
        numbers: Which pairs they are.
        toward: int[pair], rows of the prompts at the direction's head.
        away: int[pair], rows of their partners.
        concepts: str[pair].
        frames: str[pair], the templates' names (those of the condition at the head).
    """

    numbers: tuple[int, ...]
    toward: npt.NDArray[np.int64]
    away: npt.NDArray[np.int64]
    concepts: npt.NDArray[np.str_]
    frames: npt.NDArray[np.str_]

    def keeping(self, chosen: npt.NDArray[np.bool_]) -> Fitting:
        """The chosen pairs only."""
        numbers = tuple(np.array(self.numbers)[chosen].tolist())
        kept = (getattr(self, n)[chosen] for n in ("toward", "away", "concepts", "frames"))
        return Fitting(numbers, *kept)

    @property
    def clusters(self) -> Mapping[str, list[str]]:
        """Concept and template of each pair, crossed."""
        return {"concept": self.concepts.tolist(), "template": self.frames.tolist()}


def conditions(on: Condition | tuple[Condition, Condition]) -> tuple[Condition, Condition]:
    """The two conditions; one that is shipped stands for itself versus its opposite.

    Raises:
        ClaimError: for one condition whose opposite is not known.
    """
    if isinstance(on, tuple):
        return on
    known: dict[object, tuple[Condition, Condition]] = {
        antonyms: (antonyms, synonyms),
        synonyms: (synonyms, antonyms),
    }
    if on in known:
        return known[on]
    raise ClaimError(
        "only antonyms and synonyms know their opposite: give on=(one condition, the other), "
        "the one at the direction's head first."
    )


def languages_of(on: tuple[Condition, Condition]) -> tuple[str, ...]:
    """The languages that both prompt sets have.

    Raises:
        ClaimError: when these are builders, which do not say.
    """
    sets = [condition for condition in on if isinstance(condition, PromptSet)]
    if len(sets) < 2:
        raise ClaimError("give languages=[…]: a builder of prompts does not say which are meant.")
    return tuple(language for language in sets[0].languages if language in sets[1].languages)


def matched_pairs(
    on: tuple[Condition, Condition], language: str, per_concept: int | None
) -> MatchedPairs:
    """The pairs of one language, templates matched by their order in each condition.

    Args:
        on: The two conditions, the one at the direction's head first.
        language: Which.
        per_concept: How many pairs of each concept; all for None.

    Raises:
        ClaimError: when the conditions have not the same number of templates, or too few.
    """
    toward, away = (_in(condition, language) for condition in on)
    tables = [_table(toward), _table(away)]
    counts = [len({frame for _, frame in table}) for table in tables]
    if counts[0] != counts[1] or counts[0] < LEAST:
        raise ClaimError(
            f"{language}: templates are compared in pairs, at least {LEAST} of each condition and "
            f"as many; {toward.name} has {counts[0]}, {away.name} {counts[1]}."
        )
    concepts = list(dict.fromkeys(concept for concept, _ in tables[0]))
    cells = [
        (concept, frame)
        for index, concept in enumerate(concepts)
        for frame in _chosen(index, len(concepts), counts[0], per_concept)
        if all((concept, frame) in table for table in tables)
    ]
    prompts = tuple(table[cell] for table in tables for cell in cells)
    name = f"{toward.name} and {away.name}"
    return MatchedPairs(language, PromptSet(name, prompts, cluster_by=("concept", "template")))


def script(prompts: PromptSet) -> str:
    """The script of most letters: "Latin", "Cjk"."""
    letters = Counter(
        unicodedata.name(letter, "").split(" ")[0].capitalize()
        for prompt in prompts
        for letter in prompt.text
        if letter.isalpha()
    )
    return letters.most_common(1)[0][0] if letters else ""


def content_tokens(tokenized: TokenizedPrompts, templates: Sequence[str]) -> list[frozenset[int]]:
    """Per unit, its tokens that not every prompt of its template has: those of its words.

    Args:
        tokenized: The prompts.
        templates: One per unit.
    """
    rows = [frozenset(row.tolist()) for row in tokenized.tokens["clean"]]
    common: dict[str, frozenset[int]] = {}
    for row, template in zip(rows, templates, strict=True):
        common[template] = common.get(template, row) & row
    return [row - common[template] for row, template in zip(rows, templates, strict=True)]


def _in(condition: Condition, language: str) -> PromptSet:
    if isinstance(condition, PromptSet):
        return condition.where(language=language)
    return condition(language)


def _table(prompts: PromptSet) -> dict[tuple[str, int], Prompt]:
    """Concept and template number → prompt."""
    for name in ("concept", "template"):
        if any(not prompt.clusters.get(name) for prompt in prompts):
            raise ClaimError(
                f"{prompts.name}: every prompt needs a {name!r} id, as antonyms() have."
            )
    numbers: dict[str, int] = {}
    for prompt in prompts:
        numbers.setdefault(prompt.clusters["template"], len(numbers))
    return {(p.clusters["concept"], numbers[p.clusters["template"]]): p for p in prompts}


def _chosen(index: int, concepts: int, frames: int, per_concept: int | None) -> tuple[int, ...]:
    few = None if per_concept is None or per_concept >= frames else per_concept
    return balanced(index, concepts, frames, few)
