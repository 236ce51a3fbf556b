"""Claims about features: directions of the residual stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body
from circuit_assert.components import Subject
from circuit_assert.prompts.antonyms import antonyms
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.prompts.unrelated import unrelated

Condition: TypeAlias = Callable[..., PromptSet] | PromptSet

_NULL = unrelated()


@claim("{feature} is the same feature", source="")
def feature_is_multilingual(
    feature: Subject,
    *,
    on: Condition | tuple[Condition, Condition] = antonyms,
    languages: Sequence[str] = (),
    by: float = 0.8,
    versus: tuple[PromptSet, PromptSet] | None = None,
    null: PromptSet = _NULL,
    per_concept: int | None = 3,
) -> Body:
    """A direction found in one language tells two operations apart in others, and acts there.

    Args:
        feature: A direction between two prompt sets of one language (English), as
            `model.direction(antonyms("en"), versus=synonyms("en"), at="L9.resid_post")`. Both sets
            have "concept" ids; concept ids are shared by all languages.
        on: The two conditions in the other languages, the one at the direction's head first:
            a pair of prompt sets (of one language or several: `Prompt.language` says which) or of
            builders called with a language code; or `antonyms` or `synonyms` alone, which stand
            for themselves versus the other. Every prompt has an answer (its own condition's) and
            a foil (the other condition's), and "concept" and "template" ids, crossed; at least
            eight templates in each condition and language, and eight concepts.
            Optional ids: "cognate" ("yes"/"no") and "root" (of the operation's word; "none").
        languages: The languages claimed; by default those of the prompt sets in `on`. None may be
            a language of the direction.
        by: Smallest separation, in standard deviations of template means; 0.8 is Cohen's "large".
        versus: Two unrelated operations (prompt sets with "template" ids, at least eight each) that
            the direction must not tell apart. By default two groups of shipped English prompts.
        null: Unrelated prompts with at least 40 "template" ids: the differences of their template
            means are the matched directions. "concept" ids, where there are any, are balanced.
        per_concept: How many templates of each condition each concept is put in (a balanced part
            of the cross); None for all.
    """
    raise NotImplementedError
