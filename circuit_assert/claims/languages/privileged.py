"""Claims that a model answers more directly in one language than in others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.claims.languages.swaps import SOURCE
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, Score
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.direct import DirectLogitDifference
from circuit_assert.measurements.unembedded import AnswerDistance
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.stats.region import Region, above
from circuit_assert.stats.region import within as inside

_DIRECT = DirectLogitDifference()
_DISTANCE = AnswerDistance()


@claim("{language} is privileged", source=SOURCE)
def language_is_privileged(
    model: Owner,
    language: str,
    *,
    on: PromptSet,
    by: float | None = None,
    within: float | None = None,
    over: Sequence[str] = (),
) -> Body:
    """Late layers write the answer more strongly in one language than in each other one.

    The direct contributions of all heads and MLPs of the last third of the layers to the logit of
    the answer minus that of the foil, summed: in the language, minus in another one for the same
    concept in the matching template (templates are matched by their order), exceed `by` logits in
    every other language.

    Controls: the model does the task in all of these languages; and so it is per length of the
    answer's unembedding minus the foil's, which differs between languages.

    Args:
        model: The model.
        language: Which.
        on: Prompts of several languages with answers and foils, "concept" and "template" ids:
            `antonyms("en", "fr", "de")`.
        by: Smallest difference that counts, in logits.
        within: In its place, the largest that does not count: an equivalence.
        over: The other languages; by default all of the prompts'.

    Raises:
        ClaimError: for languages that the prompts are not in, prompts without these ids, or
            unless exactly one of `by` and `within` is given.

    Published:
        Stronger direct effects of "say large" features in English than in other languages, in
        Claude 3.5 Haiku; it depends on the model.

    Pitfalls:
        Contributions are read at the end, with the norm scales of the run: they say nothing of
        what the layers between work with. `layer_curve` shows in which language answers appear.
    """
    others = tuple(over) or tuple(each for each in on.languages if each != language)
    _require(on, language, others, by, within)
    region = inside(within) if within is not None else above(by or 0.0)
    contrasts = [Privilege(on.where(language=language), on.where(language=o)) for o in others]
    guards = [] if within is not None else [_per_length(each, model) for each in contrasts]
    primaries = tuple(_more_direct(each, region, model) for each in contrasts)
    gates = [on.where(language=each) for each in (language, *others)]
    return Body(
        primaries=AllOf(primaries),
        guards=tuple(guards),
        gate=AllOf(tuple(_competence(each, model) for each in gates)),
        scope=f"over {', '.join(others)} on {on.name}: its direct effects beyond theirs are "
        f"{region} logits",
    )


@dataclass(frozen=True)
class Privilege(Quantity):
    """Direct effects of late layers in one language minus those in another, by matched prompts.

    Args:
        own: Prompts of the one language.
        other: Of the other.
        per_length: Whether effects are divided by the length of answer minus foil, unembedded.
    """

    own: PromptSet
    other: PromptSet
    per_length: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Contributions, and where they are wanted, lengths."""
        wanted = [Request(_DIRECT, self.own), Request(_DIRECT, self.other)]
        if self.per_length:
            wanted += [Request(_DISTANCE, self.own), Request(_DISTANCE, self.other)]
        return wanted

    def measured(self, scores: Scores) -> Measured:
        """One difference for each concept and pair of templates.

        Raises:
            CannotTell: for a model that caps its logits, or when no prompts match.
        """
        if scores.weights.caps_logits:
            raise CannotTell("the model caps its logits: they are no sum of contributions")
        own, other = (self._effects(prompts, scores) for prompts in (self.own, self.other))
        both = [cell for cell in own if cell in other]
        if not both:
            raise CannotTell(f"no prompt of {self.own.name} has its match in {self.other.name}")
        means = [np.mean([side[cell] for cell in both]) for side in (own, other)]
        return Measured(
            np.array([own[cell] - other[cell] for cell in both]),
            {"concept": [c for c, _ in both], "template": [str(n) for _, n in both]},
            tuple(range(len(both))),
            notes=(f"{means[0]:.2f} and {means[1]:.2f} on average, {len(both)} pairs of prompts",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of contributions, each times as many as are summed; per length, over the least."""
        layers, heads = scores.weights.card.layers, scores.weights.card.heads
        summed = (layers - 2 * layers // 3) * (heads + 1)
        floor = max(floor_of(Request(_DIRECT, each)) for each in (self.own, self.other))
        shortest = 1.0
        if self.per_length:
            lengths = [scores[Request(_DISTANCE, each)] for each in (self.own, self.other)]
            shortest = float(min(each.min() for each in lengths))
        return 2 * np.sqrt(summed) * floor / shortest

    def _effects(self, prompts: PromptSet, scores: Scores) -> dict[tuple[str, int], float]:
        """Concept and number of the template → the summed contributions of late layers."""
        request = Request(_DIRECT, prompts)
        late = 2 * scores.weights.card.layers // 3
        effects = scores[request][:, late:].sum((1, 2)).astype(np.float64)
        if self.per_length:
            effects = effects / scores[Request(_DISTANCE, prompts)]
        numbers: dict[str, int] = {}
        for prompt in prompts:
            numbers.setdefault(prompt.clusters["template"], len(numbers))
        kept = [prompts.prompts[unit].clusters for unit in scores.tokenized(prompts).kept]
        cells = [(ids["concept"], numbers[ids["template"]]) for ids in kept]
        return dict(zip(cells, effects.tolist(), strict=True))


def _more_direct(contrast: Privilege, region: Region, owner: Owner) -> Criterion:
    (other,) = contrast.other.languages
    words = f"direct effects of late layers beyond those in {other}"
    return Criterion(f"direct effects over {other}", contrast, region, words, "logits", owner)


def _per_length(contrast: Privilege, owner: Owner) -> Criterion:
    (other,) = contrast.other.languages
    return Criterion(
        f"not by the unembedding's length over {other}",
        replace(contrast, per_length=True),
        above(0.0),
        f"direct effects per length of the unembedding beyond those in {other}",
        "",
        owner,
    )


def _competence(prompts: PromptSet, owner: Owner) -> Criterion:
    (language,) = prompts.languages
    return Criterion(
        f"competence in {language}",
        Score(Request(LogitDifference(), prompts)),
        above(0.0),
        f"logit difference in {language}",
        "logits",
        owner,
    )


def _require(
    on: PromptSet, language: str, others: Sequence[str], by: float | None, within: float | None
) -> None:
    if (by is None) == (within is None):
        raise ClaimError("language_is_privileged takes by= or within=, not both and not neither.")
    wanted = {language, *others}
    if language in others or len(wanted) < 2 or not wanted <= set(on.languages):
        raise ClaimError(
            f"{language!r} is compared with other languages of the prompts, which are in "
            f"{', '.join(on.languages)}; got {', '.join(others) or 'none'}."
        )
    for prompt in on:
        if not prompt.clusters.get("concept") or not prompt.clusters.get("template"):
            raise ClaimError(f"{on.name}: every prompt needs 'concept' and 'template' ids.")
