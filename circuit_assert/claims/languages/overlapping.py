"""How much texts share with their translations, and with those of other texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.directions import Bools, Floats
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, remembered
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.peaks import Features, Peaks
from circuit_assert.prompts.prompt_set import PromptSet

Singles = npt.NDArray[np.float32]

_LEAST = 20


@dataclass(frozen=True)
class Translations:
    """The same paragraphs in two languages, in one order.

    Args:
        first: In the one language.
        second: In the other.
    """

    first: PromptSet
    second: PromptSet


def translations(on: PromptSet, first: str, second: str) -> Translations:
    """The paragraphs of a set that are in both languages.

    Raises:
        ClaimError: without "paragraph" ids, for an id twice in a language, or too few paragraphs.
    """
    tables: list[dict[str, int]] = []
    for language in (first, second):
        table: dict[str, int] = {}
        for index, prompt in enumerate(on.prompts):
            if prompt.language != language:
                continue
            name = prompt.clusters.get("paragraph", "")
            if not name or name in table:
                raise ClaimError(
                    f"{on.name}: every paragraph needs a 'paragraph' id of its own, which its "
                    f"translations share; {name!r} is there twice or empty in {language}."
                )
            table[name] = index
        tables.append(table)
    both = [name for name in tables[0] if name in tables[1]]
    if len(both) < _LEAST:
        raise ClaimError(
            f"{on.name} has {len(both)} paragraphs in both {first} and {second}; it takes {_LEAST}."
        )
    made = [
        PromptSet(
            f"{on.name}[{language}]",
            tuple(on.prompts[table[name]] for name in both),
            ("paragraph",),
        )
        for language, table in zip((first, second), tables, strict=True)
    ]
    return Translations(*made)


@dataclass(frozen=True)
class Overlap(Quantity):
    """Overlap with the translation minus the mean overlap with other paragraphs': one a paragraph.

    Args:
        features: Of one or more layers.
        weights: How much each layer's overlap counts.
        pair: The paragraphs.
        tokens: How many tokens count.
        quantile: Above which a feature counts as active.
        over_chance: Whether overlaps are divided by those of independent sets of their sizes.
    """

    features: tuple[Features, ...]
    weights: tuple[float, ...]
    pair: Translations
    tokens: int
    quantile: float
    over_chance: bool = False

    def lifted(self) -> Overlap:
        """The same over what independent sets would share."""
        return replace(self, over_chance=True)

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The features' peaks in both languages."""
        return self._peaks(scores)

    @remembered
    def _peaks(self, scores: Scores) -> tuple[Request, Request]:
        sides = (self.pair.first, self.pair.second)
        seen = [
            {int(token) for row in scores.tokenized(side).tokens["clean"] for token in row}
            for side in sides
        ]
        peaks = Peaks(self.features, self.tokens, frozenset(seen[0] & seen[1]))
        return Request(peaks, sides[0]), Request(peaks, sides[1])

    def measured(self, scores: Scores) -> Measured:
        """One difference per paragraph.

        Raises:
            CannotTell: when fewer than 20 paragraphs have tokens enough.
        """
        units, distances = self._distances(scores)
        names = [self.pair.first.prompts[unit].clusters["paragraph"] for unit in units]
        values = self._beyond(*(side > 0 for side in distances))
        return Measured(values, {"paragraph": names}, units, notes=self._notes(scores))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the mean moves when features within the floor of their threshold change sides."""
        floor = max(floor_of(request) for request in self._peaks(scores))
        _, distances = self._distances(scores)
        here = self._beyond(*(side > 0 for side in distances)).mean()
        fewer = self._beyond(*(side > floor for side in distances)).mean()
        more = self._beyond(*((side > -floor) & (side != 0) for side in distances)).mean()
        return float(max(abs(fewer - here), abs(more - here)))

    def _beyond(self, first: Bools, second: Bools) -> Floats:
        """What paragraphs share with their translations beyond others: float64[paragraph]."""
        by_layer = [
            beyond_unrelated(overlaps(first[:, n], second[:, n], self.over_chance))
            for n in range(len(self.features))
        ]
        return np.array(self.weights) @ np.stack(by_layer)

    @remembered
    def _distances(self, scores: Scores) -> tuple[tuple[int, ...], tuple[Singles, Singles]]:
        """Paragraphs, and how far above its threshold each feature gets in either language.

        float32[paragraph, layer, feature] each.
        """
        sides: list[dict[int, npt.NDArray[np.floating]]] = []
        for request in self._peaks(scores):
            kept = scores.tokenized(request.on).kept.tolist()
            peaks = zip(kept, scores[request], strict=True)
            sides.append({unit: peak for unit, peak in peaks if np.isfinite(peak).all()})
        units = tuple(unit for unit in sides[0] if unit in sides[1])
        if len(units) < _LEAST:
            raise CannotTell(
                f"{len(units)} of {len(self.pair.first)} paragraphs have {self.tokens} tokens that "
                f"count in both languages; it takes {_LEAST}"
            )
        first, second = (
            np.stack([side[unit] for unit in units]).astype(np.float64) for side in sides
        )
        threshold = np.quantile(np.concatenate([first, second]), self.quantile, axis=0)
        above = first - threshold, second - threshold  # kept for long, and large
        return units, (above[0].astype(np.float32), above[1].astype(np.float32))

    def _notes(self, scores: Scores) -> tuple[str, ...]:
        units, distances = self._distances(scores)
        active = tuple(side > 0 for side in distances)
        shares = " and ".join(f"{side.mean():.1%}" for side in active)
        left_out = len(self.pair.first) - len(units)
        notes = [f"{shares} of features active in a paragraph of either language"]
        if len(self.features) == 1:
            raw = overlaps(active[0][:, 0], active[1][:, 0], self.over_chance)
            apart = (raw.sum() - raw.trace()) / (raw.size - len(raw))
            notes.append(f"{raw.trace() / len(raw):.3f} with translations, {apart:.3f} with others")
        if left_out:
            notes.append(f"{left_out} paragraphs left out: fewer than {self.tokens} tokens count")
        return tuple(notes)


def overlaps(first: Bools, second: Bools, over_chance: bool = False) -> Floats:
    """Intersection over union of every two sets: float64[first, second].

    Args:
        first: bool[set, feature].
        second: bool[set, feature].
        over_chance: Divide it by ab / (a + b − ab), for shares a and b of the features: what
            independent sets would have. 1 where either set is empty.
    """
    both = first.astype(np.float64) @ second.astype(np.float64).T
    sizes = first.sum(1)[:, None].astype(np.float64), second.sum(1)[None, :].astype(np.float64)
    union = sizes[0] + sizes[1] - both
    shared = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    if not over_chance:
        return shared
    a, b = sizes[0] / first.shape[1], sizes[1] / second.shape[1]
    chance = np.divide(a * b, a + b - a * b, out=np.zeros_like(both), where=a * b > 0)
    return np.divide(shared, chance, out=np.ones_like(both), where=chance > 0)


def beyond_unrelated(matrix: Floats) -> Floats:
    """Each diagonal entry minus the mean of the others in its row and column: float64[set]."""
    own, others = np.diag(matrix), len(matrix) - 1
    row, column = ((matrix.sum(axis) - own) / others for axis in (1, 0))
    return own - (row + column) / 2
