"""Claims about features: directions of the residual stream."""

from __future__ import annotations

from collections.abc import Sequence

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion, Fact
from circuit_assert.claims.direction_peers import MovesMore, Peers, SeparatesMore, unrelated_part
from circuit_assert.claims.matched_pairs import (
    Condition,
    MatchedPairs,
    conditions,
    languages_of,
    matched_pairs,
    script,
)
from circuit_assert.claims.separations import Axis, Leak, MovedChoice, Preference, Separation
from circuit_assert.components import Direction, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.antonyms import antonyms
from circuit_assert.prompts.operations import initials, rhymes
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.prompts.unrelated import unrelated
from circuit_assert.stats.region import above, within

_UNRELATED = unrelated()
_OPERATIONS = (rhymes(), initials())
_LEAK = 0.5  # of the direction's own length


@claim(
    "{feature} is one feature",
    source="Lindsey et al. 2025, On the Biology of a Large Language Model, multilingual circuits",
)
def feature_is_multilingual(
    feature: Subject,
    *,
    on: Condition | tuple[Condition, Condition] = antonyms,
    languages: Sequence[str] = (),
    by: float = 0.0,
    versus: tuple[PromptSet, PromptSet] = _OPERATIONS,
    null: PromptSet = _UNRELATED,
    per_concept: int | None = 3,
) -> Body:
    """A direction found in one language tells two operations apart in others, and acts there.

    In every language: prompts of the two conditions lie apart along the direction, by more than
    `by`; and moving a prompt's projection to the other condition's mean, never beyond it, lowers
    the model's preference for the asked operation's answer. The tested concept never takes part
    in the direction; templates are compared in pairs, by their order in each condition.

    Controls: the model does the task in every language; of 200 directions between unrelated
    templates at most one separates, or moves, as much in the language where that is least; two
    unrelated operations lie less than half as far apart; the separation stays without cognates
    and shared words.

    Args:
        feature: A direction between two prompt sets of one language, as
            `model.direction(antonyms("en"), versus=synonyms("en"), at="L9.resid_post")`. Every
            prompt has a "concept" id; concept ids are shared by all languages.
        on: The two conditions, the one at the direction's head first: prompt sets (of one
            language or several) or builders that are called with a language; or `antonyms` or
            `synonyms` alone, which stand for themselves versus the other. Every prompt has the
            answer of its condition, the other's as foil, and "concept" and "template" ids.
            At least eight templates in each condition and language. Known besides: "cognate"
            ("yes" or "no") and "root" (of the operation's word, "none" if not shared).
        languages: Those claimed, none of them the direction's; by default all in `on`.
        by: Smallest separation that counts, in standard deviations of template means. By default
            its sign counts: how large it is, is judged by the matched directions.
        versus: Two unrelated operations with the same ids, in the direction's language.
        null: Unrelated prompts with at least 40 templates, for the matched directions.
        per_concept: How many pairs of templates each concept is asked in; None for all.

    Raises:
        ComponentError: when `feature` is not one direction.
        ClaimError: for a language of the direction itself, or prompts without these ids.

    Pitfalls:
        One prompt is an existence proof, no more; one template makes thirty concepts one
        observation. Without a second script it is said across Latin-script languages.
    """
    axis = Axis(feature.only(Direction, "feature_is_multilingual"))
    both = conditions(on)
    claimed = tuple(languages) or languages_of(both)
    _require_other_languages(axis, claimed)
    pairs = tuple(matched_pairs(both, language, per_concept) for language in claimed)
    owner = feature.model
    peers = Peers(axis, unrelated_part(null))
    return Body(
        primaries=AllOf(
            tuple(part for one in pairs for part in _in_language(axis, one, by, owner))
        ),
        guards=(
            Fact(
                "separates more than unrelated directions",
                SeparatesMore(peers, pairs),
                "the smallest separation ranks above those of matched directions",
            ),
            *(_without_shared_words(axis, one, owner) for one in pairs),
            _specific(axis, versus, per_concept, owner),
            Fact(
                "moves more than unrelated directions",
                MovesMore(peers, pairs),
                "the smallest effect ranks above those of matched directions of equal norm",
            ),
        ),
        gate=AllOf(tuple(_competence(one, owner) for one in pairs)),
        scope=_scope(axis, pairs, by),
    )


def _in_language(
    axis: Axis, pairs: MatchedPairs, by: float, owner: Owner
) -> tuple[Criterion, Criterion]:
    return (
        Criterion(
            f"separation in {pairs.language}",
            Separation(axis, pairs, by),
            above(by),
            f"distance between the conditions along the direction in {pairs.language}",
            "standard deviations",
            owner,
        ),
        Criterion(
            f"effect in {pairs.language}",
            MovedChoice(axis, pairs),
            above(0.0),
            f"drop of the preference in {pairs.language}, moved to the other condition's mean,",
            "logits",
            owner,
        ),
    )


def _competence(pairs: MatchedPairs, owner: Owner) -> Criterion:
    return Criterion(
        f"competence in {pairs.language}",
        Preference(pairs),
        above(0.0),
        f"preference for the asked operation's answer in {pairs.language}, over both operations,",
        "logits",
        owner,
    )


def _without_shared_words(axis: Axis, pairs: MatchedPairs, owner: Owner) -> Criterion:
    return Criterion(
        f"without shared words in {pairs.language}",
        Separation(axis, pairs, without_shared_words=True),
        above(0.0),
        f"the distance in {pairs.language} without cognates, shared tokens and operation words",
        "standard deviations",
        owner,
    )


def _specific(
    axis: Axis, versus: tuple[PromptSet, PromptSet], per_concept: int | None, owner: Owner
) -> Criterion:
    languages = versus[0].languages
    return Criterion(
        "specific",
        Leak(axis, matched_pairs(versus, languages[0], per_concept)),
        within(_LEAK),
        f"distance of {versus[0].name} and {versus[1].name} along it, its own length being 1,",
        "",
        owner,
    )


def _require_other_languages(axis: Axis, claimed: Sequence[str]) -> None:
    own = {language for end in axis.ends for language in end.languages}
    shared = [language for language in claimed if language in own]
    if shared or not claimed:
        said = f"it is made of {', '.join(sorted(own))} and claimed for {', '.join(claimed)}"
        raise ClaimError(
            f"a direction says nothing new in the language it comes from: {said}. "
            f"Claim it for other languages."
        )


def _scope(axis: Axis, pairs: Sequence[MatchedPairs], by: float) -> str:
    scripts = {script(one.prompts) for one in pairs} | {script(end) for end in axis.ends}
    names = ", ".join(one.language for one in pairs)
    over = f"{scripts.pop()}-script languages" if len(scripts) == 1 else "languages and scripts"
    apart = f", {by:g} standard deviations apart," if by else ""
    return f"across {over} ({names}){apart}"
