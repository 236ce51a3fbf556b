"""From the description of an intervention to what it does to an activation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from circuit_assert.components import MLP, Component, Direction, Head, Latent, Neuron, Site, Vector
from circuit_assert.errors import ClaimError, PromptError
from circuit_assert.execution.store import Store
from circuit_assert.interventions import (
    Ablation,
    AddAtPositions,
    Intervention,
    Patch,
    ReplaceAtPositions,
    Resampling,
    Shift,
    Steer,
)
from circuit_assert.measurements.base import Batch
from circuit_assert.prompts.base import Prompts, Side


class Editor:
    """Carries one intervention out and notes how far it moved the activations.

    Args:
        intervention: What to do.
        on: The prompts of the run.
        side: Their side.
        store: What earlier passes kept.
    """

    def __init__(self, intervention: Intervention, on: Prompts, side: Side, store: Store) -> None:
        self.intervention = intervention
        self.moved = 0.0
        self._on, self._store = on, store
        self._side: Side = side
        self.sites = intervention.sites
        self._scales: dict[tuple[int, bytes], torch.Tensor] = {}
        self._kept = lru_cache(maxsize=None)(store.kept)
        self._pooled = lru_cache(maxsize=None)(self._pooled_mean)

    def of_rows(self, rows: slice) -> Editor:
        """What edits some rows of a run: this, for it keeps nothing from one site to the next."""
        return self

    def edit(self, site: Site, activation: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The activation as the intervention leaves it; the given one is not changed."""
        edited = activation.clone()
        match self.intervention:
            case Ablation() as ablation:
                for component in ablation.components:
                    if component.site == site:
                        self._ablate(ablation, component, edited, batch)
                if ablation.frozen_scale and site.name == "attn_out":
                    self._freeze(site, edited, batch)
            case Patch() as patch:
                for component in patch.components:
                    if component.site == site:
                        values = self._own(component, patch.source, batch)
                        _write(edited, component, values, self._where(patch.at, batch))
            case Resampling() as resampling:
                for component, feature in resampling.components:
                    if component.site == site:
                        rows = self._resampled(resampling, component, feature, batch)
                        _write(edited, component, rows, None)
            case Steer() as steer:
                vector = self._vector(steer.direction, edited) * steer.strength
                _add(edited, vector.expand(len(batch.units), -1), self._where(steer.at, batch))
            case Shift() as shift:
                vectors: Any = shift.vectors
                rows = torch.as_tensor(vectors[batch.units]).to(edited)
                _add(edited, rows, self._where(shift.at, batch))
            case ReplaceAtPositions() as replace:
                _replace(edited, replace, batch)
            case AddAtPositions() as add:
                _add_at_positions(edited, add, batch)
            case other:
                raise ClaimError(f"the engine does not know how to do: {other}.")
        self._note_moved(edited - activation)
        return edited

    def note(self, site: Site, activation: torch.Tensor, batch: Batch) -> None:
        """Take note of an activation on the way that a later edit needs: a norm's scale."""
        self._scales[site.layer, batch.units.tobytes()] = activation.clone()

    def _note_moved(self, change: torch.Tensor) -> None:
        # np.maximum keeps a NaN, max would not: what became NaN did move
        self.moved = float(np.maximum(self.moved, float(change.abs().max())))

    def _freeze(self, site: Site, edited: torch.Tensor, batch: Batch) -> None:
        """Undo what an ablation did to the scale of its layer's post-attention norm."""
        kept = self._kept(Site(site.layer, "attn_post_scale"), self._on, self._side)
        clean = torch.stack([kept[int(unit)] for unit in batch.units]).to(edited)
        edited *= self._scales[site.layer, batch.units.tobytes()] / clean

    def _where(self, role: str | None, batch: Batch) -> list[int] | None:
        if role is None:
            return None
        if role not in batch.prompts.positions:
            known = ", ".join(sorted(batch.prompts.positions))
            raise PromptError(f"{self._on.name} has no position {role!r}; it has: {known}.")
        return batch.positions(role).tolist()

    def _ablate(
        self, ablation: Ablation, component: Component, edited: torch.Tensor, batch: Batch
    ) -> None:
        where = self._where(ablation.at, batch)
        if isinstance(component, Direction):
            self._ablate_direction(ablation, component, edited, batch, where)
        else:
            _write(edited, component, self._replacement(ablation, component, batch), where)

    def _ablate_direction(
        self,
        ablation: Ablation,
        direction: Direction,
        edited: torch.Tensor,
        batch: Batch,
        where: list[int] | None,
    ) -> None:
        unit_vector = torch.nn.functional.normalize(self._vector(direction, edited), dim=0)
        target = self._replacement(ablation, direction, batch)
        goal = 0.0 if target is None else target.to(edited) @ unit_vector
        change = (goal - edited @ unit_vector)[..., None] * unit_vector
        if where is None:
            edited += change
        else:
            rows = range(len(where))
            edited[rows, where] += change[rows, where]

    def _replacement(
        self, ablation: Ablation, component: Component, batch: Batch
    ) -> torch.Tensor | None:
        if ablation.how == "zero":
            return None
        source = ablation.reference or self._on
        side = ablation.reference_side if ablation.reference else self._side
        stand_in = self._mean if ablation.how == "mean" else self._donor
        rows = [stand_in(ablation, component, source, side, int(u), batch) for u in batch.units]
        return torch.stack(rows)

    def _mean(  # noqa: PLR0917 - called through one name with _donor
        self,
        ablation: Ablation,
        component: Component,
        source: Prompts,
        side: Side,
        unit: int,
        batch: Batch,
    ) -> torch.Tensor:
        kept = self._kept(component, source, side)
        partners = self._store.partners(source, self._on, unit)
        if len(partners) > 1:
            return torch.stack([kept[p] for p in partners]).mean(0)
        total, count = self._pooled(component, source, side)
        own = kept[unit] if source == self._on else kept[0][:0]
        mean = (total - own.sum(0)) / max(count - len(own), 1)
        return mean.expand(batch.length, *mean.shape)

    def _pooled_mean(
        self, component: Component, source: Prompts, side: Side
    ) -> tuple[torch.Tensor, int]:
        everything = torch.cat(self._kept(component, source, side))
        return everything.sum(0), len(everything)

    def _donor(  # noqa: PLR0917
        self,
        ablation: Ablation,
        component: Component,
        source: Prompts,
        side: Side,
        unit: int,
        batch: Batch,
    ) -> torch.Tensor:
        prompts = self._store.tokenized(source)
        partners = self._store.partners(source, self._on, unit)
        if len(prompts.answers) and len(batch.prompts.answers):
            own_answer = batch.prompts.answers[unit]
            partners = [p for p in partners if prompts.answers[p] != own_answer]
        if not partners:
            raise PromptError(
                f"unit {unit} of {self._on.name} has no donor in {source.name}: resample ablation "
                f"needs other prompts of the same length with another answer."
            )
        order = np.random.default_rng([ablation.seed, unit]).permutation(len(partners))
        donor = partners[order[ablation.draw % len(partners)]]
        return self._kept(component, source, side)[donor]

    def _resampled(
        self, resampling: Resampling, component: Component, feature: str | None, batch: Batch
    ) -> torch.Tensor:
        kept = self._kept(component, self._on, self._side)
        donors = self._store.donors(self._on, feature)
        drawn = _drawn(resampling, component, len(donors))
        donor_of = [
            d[int(u * len(d))] if d else i
            for i, (d, u) in enumerate(zip(donors, drawn, strict=True))
        ]
        return torch.stack([kept[donor_of[int(unit)]] for unit in batch.units])

    def _own(self, component: Component, side: Side, batch: Batch) -> torch.Tensor:
        kept = self._kept(component, self._on, side)
        return torch.stack([kept[int(unit)] for unit in batch.units])

    def _vector(self, direction: Direction, like: torch.Tensor) -> torch.Tensor:
        return self._store.vector(direction).to(like)


def _drawn(resampling: Resampling, component: Component, units: int) -> list[float]:
    """A number from 0 to 1 for each unit, other ones for each component and draw."""
    head = component.head if isinstance(component, Head) else -1
    words = [resampling.seed, resampling.draw, component.layer, head + 1]
    return np.random.default_rng(words).random(units).tolist()


def _write(
    edited: torch.Tensor,
    component: Component,
    values: torch.Tensor | None,
    where: list[int] | None,
) -> None:
    index: tuple[Any, ...]
    match component:
        case Head(head=part) | Neuron(neuron=part):
            index = (part,)
        case MLP() | Direction():
            index = ()
        case Latent() | Vector():
            raise ClaimError(f"{component} has no activation of its own to write.")
    if where is None:
        edited[(slice(None), slice(None), *index)] = _like(values, edited)
        return
    rows = list(range(len(where)))
    chosen = None if values is None else values[rows, where]
    edited[(rows, where, *index)] = _like(chosen, edited)


def _like(values: torch.Tensor | None, edited: torch.Tensor) -> Any:  # noqa: ANN401
    return 0.0 if values is None else values.to(edited)


def _add(edited: torch.Tensor, vectors: torch.Tensor, where: list[int] | None) -> None:
    if where is None:
        edited += vectors[:, None]
    else:
        edited[list(range(len(where))), where] += vectors


def _replace(edited: torch.Tensor, replace: ReplaceAtPositions, batch: Batch) -> None:
    values = np.asarray(replace.values)
    chosen, rows, positions = _places(replace.where, batch)
    for column, neuron in enumerate(replace.neurons):
        new = torch.as_tensor(values[chosen, column]).to(edited)
        edited[rows, positions, neuron.neuron] = new


def _add_at_positions(edited: torch.Tensor, add: AddAtPositions, batch: Batch) -> None:
    chosen, rows, positions = _places(add.where, batch)
    amounts = torch.as_tensor(np.asarray(add.amounts)[chosen]).to(edited)
    vector = torch.as_tensor(np.asarray(add.vector)).to(edited)
    edited.index_put_(
        (torch.tensor(rows, dtype=torch.long), torch.tensor(positions, dtype=torch.long)),
        amounts[:, None] * vector,
        accumulate=True,
    )


def _places(where: object, batch: Batch) -> tuple[list[int], list[int], list[int]]:
    """Which pairs of unit and position are of a batch, and their rows and positions."""
    pairs = np.asarray(where)
    row_of = {int(unit): row for row, unit in enumerate(batch.units)}
    chosen = [i for i, (unit, _) in enumerate(pairs) if int(unit) in row_of]
    rows = [row_of[int(pairs[i][0])] for i in chosen]
    return chosen, rows, [int(pairs[i][1]) for i in chosen]
