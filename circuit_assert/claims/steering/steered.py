"""A feature added while the model writes: how much of it, and what is added as a control."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.components import Direction, Latent, Neuron, Site, Vector
from circuit_assert.interventions import AddAtPositions
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.continuations import Continuations
from circuit_assert.measurements.features import LatentMoments, written_by
from circuit_assert.prompts.base import Prompts

Vectors = npt.NDArray[np.float32]
CONTROLS, RANDOM = 20, 5
EACH = 5  # controls that each prefix is continued under
_LEAST = 5


@dataclass(frozen=True)
class Steered:
    """A feature, and prompts that are continued with it added.

    Args:
        activity: The feature on documents on which it is active.
        on: The prompts.
        strength: How many times its largest activation on the documents is added.
        tokens: How many are written.
    """

    activity: Activity
    on: Prompts
    strength: float
    tokens: int

    def first(self) -> tuple[AnyRequest, ...]:
        """What tells the controls, beside the activations."""
        match self.activity.feature:
            case Neuron():
                return ()
            case Latent(dictionary=dictionary):
                return (Request(LatentMoments(dictionary), self.activity.on),)
            case Vector() | Direction():
                return (Request(Residual(self.activity.feature.site), self.on),)

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its activations."""
        return self.activity.needs(scores)

    def site(self, scores: Scores) -> Site:
        """Where it is added: in the residual stream, for a neuron what it writes there."""
        feature = self.activity.readable(scores)
        if isinstance(feature, Latent):
            return feature.dictionary.writes
        return Site(feature.layer, "resid_post") if isinstance(feature, Neuron) else feature.site

    def largest(self, scores: Scores) -> float:
        """Its largest activation, with its sign.

        Raises:
            CannotTell: when it is never active.
        """
        found = self.activity.amounts(scores)
        found = found[np.isfinite(found)]
        largest = float(found[np.argmax(np.abs(found))]) if found.size else 0.0
        if not largest:
            raise CannotTell(
                f"{self.activity.feature} is never active on {self.activity.on.name}: give "
                f"natural= documents on which it is"
            )
        return largest

    @remembered
    def vector(self, scores: Scores) -> Vectors:
        """What is added at full strength: `[d_model]`."""
        written = written_by(self.activity.readable(scores), scores.weights).float().cpu().numpy()
        return (self.strength * self.largest(scores) * written).astype(np.float32)

    def written(self, scores: Scores, dose: float, seed: int | None = None) -> WeightRequest:
        """What is written with so much of it, 1 being full strength and 0 nothing."""
        if not dose:
            return WeightRequest(Continuations(self.on, self.tokens, seed=seed))
        rows = np.tile(dose * self.vector(scores), (self._units(scores), 1))
        return self._with(rows, scores, seed)

    def controlled(self, scores: Scores, deal: int) -> WeightRequest:
        """What is written with a control added to each prompt, other ones for each deal."""
        controls = self.controls(scores)
        units = np.arange(self._units(scores))
        return self._with(controls[(EACH * units + deal) % len(controls)], scores, None)

    @remembered
    def controls(self, scores: Scores) -> Vectors:
        """Other features at its own strength's length, and random directions: `[n, d_model]`.

        Raises:
            CannotTell: when there are fewer than five other features.
        """
        generator = np.random.default_rng(0)
        length = float(np.linalg.norm(self.vector(scores)))
        others = self._others(scores, generator)
        others = others[np.linalg.norm(others, axis=1) > 0]
        if len(others) < _LEAST:
            raise CannotTell(
                f"there are {len(others)} features like it to add; {_LEAST} are needed"
            )
        random = generator.standard_normal((RANDOM, others.shape[1]))
        every = np.concatenate([others, random])
        every = every[generator.permutation(len(every))]
        return (length * every / np.linalg.norm(every, axis=1, keepdims=True)).astype(np.float32)

    def added_to(self, prompts: Prompts, scores: Scores) -> AddAtPositions:
        """It added at full strength at every position but the first of other prompts."""
        rows = scores.tokenized(prompts).tokens["clean"]
        where = np.array([(u, p) for u, row in enumerate(rows) for p in range(1, len(row))])
        vector = self.vector(scores)
        return AddAtPositions(
            self.site(scores), vector, where, np.ones(len(where)), f"{_key(vector)} everywhere"
        )

    def _others(self, scores: Scores, generator: np.random.Generator) -> npt.NDArray[np.float64]:
        match self.activity.feature:
            case Neuron(layer=layer, neuron=own):
                rows = scores.weights.neuron_output_weights(layer).float().cpu().numpy()
                order = [n for n in generator.permutation(len(rows)).tolist() if n != own]
                return rows[order[:CONTROLS]].astype(np.float64)
            case Latent(latent=own, dictionary=dictionary) as latent:
                often = scores[self.first()[0]][..., 0].sum(0)
                live = [n for n in np.flatnonzero(often > 0).tolist() if n != latent.latent]
                live.sort(key=lambda n: abs(float(np.log(often[n] / max(often[own], 1)))))
                rows = [dictionary.direction(n).float().cpu().numpy() for n in live[:CONTROLS]]
                return np.array(rows, np.float64).reshape(len(rows), -1)
            case Vector() | Direction():
                streams = scores[self.first()[0]].astype(np.float64)
                pairs = [generator.choice(len(streams), 2, replace=False) for _ in range(CONTROLS)]
                return np.array([streams[a] - streams[b] for a, b in pairs])

    def _units(self, scores: Scores) -> int:
        return len(scores.tokenized(self.on))

    def _with(self, rows: Vectors, scores: Scores, seed: int | None) -> WeightRequest:
        rows = rows.astype(np.float32)
        site = self.site(scores)
        return WeightRequest(Continuations(self.on, self.tokens, site, rows, _key(rows), seed))


def _key(rows: Vectors) -> str:
    return hashlib.sha256(rows.tobytes()).hexdigest()[:16]
