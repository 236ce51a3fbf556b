"""What swaps of several strengths do to the choice between two answers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.directions import Floats
from circuit_assert.claims.languages.exchanges import Swap
from circuit_assert.claims.quantities import Measured, Quantity, Score, remembered
from circuit_assert.interventions import Shift
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.measurements.answers import AnswerLogits, tokens_of
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.prompt_set import PromptSet

Rows = npt.NDArray[np.int64]

_LOGITS = AnswerLogits()
_MARGIN = LogitDifference()
_CHUNK = 20  # controls that are tried together, before it is asked whether they settle it


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
class SwappedMargin(Quantity):
    """By how many nats the swapped answer is more likely than the original, at most strength.

    Args:
        dose: The prompts and strengths.
    """

    dose: Dose

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logits."""
        return self.dose.needs(scores)

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
class Trend(Quantity):
    """The slope of the margin over strengths, in nats for each time the swap is added.

    Args:
        dose: The prompts and strengths.
    """

    dose: Dose

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logits."""
        return self.dose.needs(scores)

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
class Singled(Quantity):
    """How the swapped answer stands against those of other concepts, at most strength, in nats.

    Args:
        dose: The prompts and strengths.
        rises: Whether it counts how much better than without the swap.
    """

    dose: Dose
    rises: bool

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logits."""
        return self.dose.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """One number per prompt."""
        standings = self.dose.standings(scores)
        values = standings[-1] - standings[0] if self.rises else standings[-1]
        return self.dose.measured(scores, values)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of differences of logits."""
        return (2 if self.rises else 1) * self.dose.noise(scores, floor_of)


@dataclass(frozen=True)
class SwapsMore(Question):
    """Whether unrelated directions of equal norm change the choice less, at most strength.

    The shortest prompts of each language; those of the next only for controls that reach the swap
    in the languages before.

    Args:
        doses: The prompts of each language.
        unrelated: Where the controls come from.
        pairs: How many pairs of means; twice as many directions.
        prompts: How many prompts of each language.
    """

    doses: tuple[Dose, ...]
    unrelated: PromptSet
    pairs: int = 100
    prompts: int = 8

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the swap and the controls are made of; then margins, as far as they are needed."""
        swap = self.doses[0].swap
        seen: list[AnyRequest] = [swap.at(self.unrelated)]
        seen += [request for dose in self.doses for request in dose.needs(scores)]
        if all(request in scores for request in seen):
            seen += self._tried(scores)[1]
        return seen

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among them: as many as reach it in every language."""
        above, _ = self._tried(scores)
        total = len(self._controls(scores))
        if total < math.ceil(1 / alpha - 1e-9) - 1:
            return Found(None, f"{total} directions are too few for a rank at α = {alpha:.2g}")
        p_value = (1 + above) / (1 + total)
        observed = min(float(self._observed(dose, scores)) for dose in self.doses)
        note = f"{observed:+.2f} nats on a few prompts; {above} of {total} directions reach that"
        words = "unrelated directions of equal norm change the answer as much"
        return Found(p_value <= alpha, words, p_value, observed, (note,))

    def _tried(self, scores: Scores) -> tuple[int, list[Request]]:
        """How many controls reach the swap, and what was or still has to be measured for it."""
        left = np.arange(len(self._controls(scores)))
        wanted: list[Request] = []
        for dose in self.doses:
            observed, passed = self._observed(dose, scores), []
            for chunk in (left[n : n + _CHUNK] for n in range(0, len(left), _CHUNK)):
                requests = self._requests(dose, chunk, scores)
                wanted += requests
                if any(request not in scores for request in requests):
                    return len(left), wanted
                effects = np.array([-scores[request].mean() for request in requests])
                passed += chunk[~(effects < observed)].tolist()
            left = np.array(passed, np.int64)
        return len(left), wanted

    @remembered
    def _controls(self, scores: Scores) -> Floats:
        return self.doses[0].swap.controls(self.unrelated, self.pairs, scores)

    @remembered
    def _rows(self, scores: Scores) -> tuple[tuple[int, ...], ...]:
        """For each dose, the shortest prompts of different concepts."""
        chosen: list[tuple[int, ...]] = []
        for dose in self.doses:
            tokens = scores.tokenized(dose.on)
            lengths = [len(row) for row in tokens.tokens["clean"]]
            first: dict[str, int] = {}
            for row in sorted(range(len(tokens)), key=lengths.__getitem__):
                prompt = dose.on.prompts[tokens.kept[row]]
                first.setdefault(prompt.clusters.get("concept", ""), row)
            chosen.append(tuple(first.values())[: self.prompts])
        return tuple(chosen)

    def _few(self, dose: Dose, scores: Scores) -> tuple[PromptSet, list[int]]:
        """Some prompts of a dose, and their rows."""
        kept, rows = scores.tokenized(dose.on).kept, self._rows(scores)[self.doses.index(dose)]
        chosen = tuple(dose.on.prompts[kept[row]] for row in rows)
        return replace(dose.on, name=f"{len(rows)} of {dose.on.name}", prompts=chosen), list(rows)

    def _observed(self, dose: Dose, scores: Scores) -> float:
        _, rows = self._few(dose, scores)
        return float(dose.margins(scores)[-1][rows].mean())

    def _requests(self, dose: Dose, which: Rows, scores: Scores) -> list[Request]:
        few, rows = self._few(dose, scores)
        norms = np.linalg.norm(dose.strengths[-1] * dose.vectors(scores)[rows], axis=1)
        norms *= dose.swap.signs(few.prompts)
        return [
            Request(_MARGIN, few, under=shift(dose.swap, norms[:, None] * other))
            for other in self._controls(scores)[which]
        ]


def shift(swap: Swap, vectors: Floats) -> Shift:
    """The intervention that adds these vectors where a swap acts, known by what they are."""
    narrow = vectors.astype(np.float32)
    return Shift(swap.site, narrow, hashlib.sha256(narrow.tobytes()).hexdigest()[:16], swap.role)
