"""Matched swaps: do differences between unrelated prompts change the answer as much?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.directions import Floats
from circuit_assert.claims.languages.doses import Dose, shift
from circuit_assert.claims.quantities import remembered
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.prompt_set import PromptSet

Rows = npt.NDArray[np.int64]

_MARGIN = LogitDifference()
_CHUNK = 20  # controls that are requested together


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
