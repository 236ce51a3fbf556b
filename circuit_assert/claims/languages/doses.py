"""What swaps of several strengths do to the choice between two answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.directions import Floats
from circuit_assert.claims.languages.exchanges import Swap
from circuit_assert.claims.quantities import Measured, Quantity, Score, remembered
from circuit_assert.interventions import Shift
from circuit_assert.measurements import Request
from circuit_assert.measurements.answers import AnswerLogits, tokens_of
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.prompt_set import PromptSet

_LOGITS = AnswerLogits()


@dataclass(frozen=True)
class Dose:
    """Prompts of one language under a swap of rising strengths.

    Args:
        swap: What is added.
        on: The prompts; the answer of each is what it asks for, the foil what it should say once
            swapped.
        strengths: How many times the swap is added, rising.
    """

    swap: Swap
    on: PromptSet
    strengths: tuple[float, ...]

    def needs(self, scores: Scores) -> tuple[Request, ...]:
        """What the swap is made of; then the logits without and with it."""
        seen = self.swap.requests()
        if any(request not in scores for request in seen):
            return (*seen, Request(_LOGITS, self.on))
        return (*seen, *self.outputs(scores))

    @remembered
    def outputs(self, scores: Scores) -> tuple[Request, ...]:
        """The logits without the swap, and with each strength of it."""
        vectors = self.vectors(scores)
        swapped = (
            Request(_LOGITS, self.on, under=shift(self.swap, strength * vectors))
            for strength in self.strengths
        )
        return (Request(_LOGITS, self.on), *swapped)

    @remembered
    def vectors(self, scores: Scores) -> Floats:
        """What is added at strength 1, float64[unit, d_model]."""
        kept = [self.on.prompts[unit] for unit in scores.tokenized(self.on).kept]
        return self.swap.vectors(kept, scores)

    @remembered
    def margins(self, scores: Scores) -> Floats:
        """log p of the swapped answer minus that of the original, float64[1 + strength, unit]."""
        tokens = scores.tokenized(self.on)
        known, rows = tokens_of(tokens), np.arange(len(tokens))
        answers, foils = (np.searchsorted(known, each) for each in (tokens.answers, tokens.foils))
        logits = self._logits(scores)
        return logits[:, rows, foils] - logits[:, rows, answers]

    @remembered
    def standings(self, scores: Scores) -> Floats:
        """The same minus the mean of other concepts' swapped answers, instead of the original.

        The prompt's own answer and foil are not among the others: float64[1 + strength, unit].
        """
        tokens = scores.tokenized(self.on)
        known, rows = tokens_of(tokens), np.arange(len(tokens))
        own = np.zeros((len(tokens), len(known)), bool)
        for each in (tokens.answers, tokens.foils):
            own[rows, np.searchsorted(known, each)] = True
        others = np.isin(known, tokens.foils)[None, :] & ~own
        logits = self._logits(scores)
        mean = (logits * others).sum(2) / np.maximum(others.sum(1), 1)
        return logits[:, rows, np.searchsorted(known, tokens.foils)] - mean

    def measured(self, scores: Scores, values: Floats) -> Measured:
        """One number per unit, with the clusters of the prompts."""
        return replace(Score(Request(_LOGITS, self.on), (0,)).measured(scores), values=values)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of a difference of two logits."""
        return 2 * max(floor_of(request) for request in self.outputs(scores))

    def crossover(self, scores: Scores) -> float | None:
        """The strength at which both answers are as likely, on average; None within none of them.

        Linear between the strengths measured.
        """
        means = self.margins(scores).mean(1)
        at = (0.0, *self.strengths)
        if means[0] >= 0:
            return 0.0
        for n in range(1, len(means)):
            if means[n] >= 0:
                rise = means[n] - means[n - 1]
                return at[n] - (at[n] - at[n - 1]) * float(means[n] / rise)
        return None

    def _logits(self, scores: Scores) -> Floats:
        return np.stack([scores[request] for request in self.outputs(scores)]).astype(np.float64)


@dataclass(frozen=True)
class OfDose(Quantity):
    """A quantity that rests on the logits at each strength.

    Args:
        dose: The prompts and strengths.
    """

    dose: Dose

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logits."""
        return self.dose.needs(scores)


@dataclass(frozen=True)
class SwappedMargin(OfDose):
    """By how many nats the swapped answer is more likely than the original, at most strength.

    Args:
        dose: The prompts and strengths.
    """

    def measured(self, scores: Scores) -> Measured:
        """One number per prompt; with the crossover as a note."""
        crossed = self.dose.crossover(scores)
        said = "within none of these strengths" if crossed is None else f"at {crossed:.2f} times it"
        means = ", ".join(f"{mean:+.2f}" for mean in self.dose.margins(scores).mean(1))
        measured = self.dose.measured(scores, self.dose.margins(scores)[-1])
        return measured.with_note(
            f"mean margins {means} nats, without the swap first; as likely {said}"
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of two logits."""
        return self.dose.noise(scores, floor_of)


@dataclass(frozen=True)
class Trend(OfDose):
    """The slope of the margin over strengths, in nats for each time the swap is added.

    Args:
        dose: The prompts and strengths.
    """

    def measured(self, scores: Scores) -> Measured:
        """One slope per prompt, and as a note whether the mean falls anywhere."""
        margins = self.dose.margins(scores)
        steps = np.diff(margins.mean(1))
        note = f"{(steps <= 0).sum()} of {len(steps)} steps do not rise"
        slopes = self._weights() @ margins
        return self.dose.measured(scores, slopes).with_note(note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the margins, weighted as they are."""
        return float(np.abs(self._weights()).sum()) * self.dose.noise(scores, floor_of)

    def _weights(self) -> Floats:
        centred = np.array([0.0, *self.dose.strengths])
        centred -= centred.mean()
        return centred / (centred**2).sum()


@dataclass(frozen=True)
class Singled(OfDose):
    """How the swapped answer stands against those of other concepts, at most strength, in nats.

    Args:
        dose: The prompts and strengths.
        rises: Whether it counts how much better than without the swap.
    """

    rises: bool

    def measured(self, scores: Scores) -> Measured:
        """One number per prompt."""
        standings = self.dose.standings(scores)
        values = standings[-1] - standings[0] if self.rises else standings[-1]
        return self.dose.measured(scores, values)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of differences of logits."""
        return (2 if self.rises else 1) * self.dose.noise(scores, floor_of)


def shift(swap: Swap, vectors: Floats) -> Shift:
    """The intervention that adds these vectors where a swap acts, known by what they are."""
    narrow = vectors.astype(np.float32)
    return Shift(swap.site, narrow, hashlib.sha256(narrow.tobytes()).hexdigest()[:16], swap.role)
