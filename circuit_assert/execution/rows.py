"""The rows of a run that belong to one intervention: what is read from them and done to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.backends.base import Edit, Read
from circuit_assert.components import Site, SiteName
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.paths import PathEditor, PathRows
from circuit_assert.measurements.base import (
    Batch,
    Measurement,
    Reader,
    ReadsSomeOfTheFinal,
    Weights,
)
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch


class Rows:
    """Some rows of a run, from `start` on; whatever pads them stays out of sight.

    Args:
        start: The first of them.
        batch: What they are.
        editor: What is done to them; None for nothing.
        measurements: What is read from them.
        weights: The model.
    """

    def __init__(
        self,
        start: int,
        batch: Batch,
        editor: Editor | PathEditor | None,
        measurements: Sequence[Measurement],
        weights: Weights,
    ) -> None:
        self.batch = batch
        self.rows = slice(start, start + len(batch.units))
        self.at_the_end = [each for each in measurements if _reads_at_the_end(each, weights)]
        self._editor = editor.of_rows(self.rows) if editor else None
        self._weights = weights
        self._readers: Mapping[Measurement, Reader] = {
            measurement: measurement.reader(batch, weights)
            for measurement in measurements
            if measurement not in self.at_the_end
        }

    def place(self, reads: dict[Site, list[Read]], edits: dict[Site, list[Edit]]) -> None:
        """Add these rows' reads and edits to the run's."""
        for measurement, reader in self._readers.items():
            for site in measurement.sites(self._weights):
                reads.setdefault(site, []).append(self._read(reader, site))
        if self._editor is not None:
            for site in self._editor.sites:
                if site.name == "attn_post_scale":
                    reads.setdefault(site, []).append(self._note(self._editor, site))
                else:
                    edits.setdefault(site, []).append(self._edit(self._editor, site))

    def mark(self, needed: torch.Tensor) -> bool:
        """Mark where these rows read what leaves the last block; false when that is everywhere."""
        for measurement in (*self._readers, *self.at_the_end):
            if not isinstance(measurement, ReadsSomeOfTheFinal):
                return False
            rows, positions = measurement.final_positions(self.batch).T
            needed[rows + self.rows.start, positions] = True
        return True

    def mark_all(self, needed: torch.Tensor) -> None:
        """Mark everything but what pads them."""
        needed[self.rows, : self.batch.length] = True

    def _read(self, reader: Reader, site: Site) -> Read:
        return lambda activation: reader.read(site, self._own(site.name, activation))

    def _note(self, editor: Editor | PathRows, site: Site) -> Read:
        return lambda activation: editor.note(site, self._own(site.name, activation), self.batch)

    def _edit(self, editor: Editor | PathRows, site: Site) -> Edit:
        def edit(activation: torch.Tensor) -> torch.Tensor:
            own = self._own(site.name, activation)
            own.copy_(editor.edit(site, own, self.batch))
            return activation

        return edit

    def collect(
        self, final: torch.Tensor
    ) -> Iterator[tuple[Measurement, torch.Tensor | Sequence[torch.Tensor]]]:
        """What was read by these rows' own readers, a measurement at a time, `[row, ...]`."""
        for measurement, reader in self._readers.items():
            yield measurement, reader.finish(self._own("resid_post", final))

    def _own(self, name: SiteName, activation: torch.Tensor) -> torch.Tensor:
        """The part of an activation that is of these rows and of their tokens: a view."""
        length = self.batch.length
        if name == "pattern":
            return activation[self.rows, :, :length, :length]
        return activation[self.rows, :length]


class AtTheEnd:
    """What is read of what leaves the last block alone, for all rows of a run together.

    A few rows at a time would be multiplied with a large vocabulary much more slowly.

    Args:
        runs: The rows.
        weights: The model.
    """

    def __init__(self, runs: Sequence[Rows], weights: Weights) -> None:
        having: dict[Measurement, list[Rows]] = {}
        for rows in runs:
            for measurement in rows.at_the_end:
                having.setdefault(measurement, []).append(rows)
        self._readers = [
            (measurement, some, measurement.reader(_joined(some), weights))
            for measurement, some in having.items()
        ]

    def collect(
        self, final: torch.Tensor
    ) -> Iterator[tuple[Rows, Measurement, torch.Tensor | Sequence[torch.Tensor]]]:
        """What each measurement makes of each of the rows."""
        import torch

        for measurement, some, reader in self._readers:
            count = sum(len(rows.batch.units) for rows in some)
            own = final if count == len(final) else torch.cat([final[rows.rows] for rows in some])
            scores = reader.finish(own)
            start = 0
            for rows in some:
                yield rows, measurement, scores[start : start + len(rows.batch.units)]
                start += len(rows.batch.units)


def _reads_at_the_end(measurement: Measurement, weights: Weights) -> bool:
    """Whether it reads nothing but some positions of what leaves the last block."""
    return isinstance(measurement, ReadsSomeOfTheFinal) and not measurement.sites(weights)


def _joined(runs: Sequence[Rows]) -> Batch:
    first = runs[0].batch
    return Batch(first.prompts, first.side, np.concatenate([rows.batch.units for rows in runs]))


def needed_of(runs: Sequence[Rows], shape: tuple[int, ...]) -> torch.Tensor | None:
    """Where a run has to compute what leaves its last block, `[row, pos]`; None for everywhere."""
    import torch

    needed = torch.zeros(shape, dtype=torch.bool)
    if not all(rows.mark(needed) for rows in runs):
        for rows in runs:
            rows.mark_all(needed)
    return None if needed.all() else needed


def padded(rows: Sequence[Ints]) -> Ints:
    """Rows of tokens in one array, shorter ones followed by their last token again and again.

    Nothing reads what comes after it, so that it changes nothing.
    """
    longest = max(map(len, rows))
    return np.stack([np.pad(row, (0, longest - len(row)), mode="edge") for row in rows])


def on_a_copy(edits: Sequence[Edit]) -> Edit:
    """All edits of one site, each writing its rows into the same copy of the activation."""

    def edit(activation: torch.Tensor) -> torch.Tensor:
        edited = activation.clone()
        for one in edits:
            edited = one(edited)
        return edited

    return edit
