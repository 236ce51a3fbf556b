"""The rows of a run that belong to one intervention: what is read from them and done to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

_ENOUGH = 512  # positions, which are multiplied with a vocabulary hardly faster with more of them


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


@dataclass(frozen=True)
class Left:
    """What left the last block in some rows of a run, and is read of nothing else.

    Args:
        item: Whose rows they are.
        batch: The rows.
        measurements: What is read.
        final: `[row, pos, d_model]`.
    """

    item: int
    batch: Batch
    measurements: Sequence[Measurement]
    final: torch.Tensor

    def halves(self) -> tuple[Left, Left] | None:
        """The first and the second half of the rows; None where there is one."""
        units = self.batch.units
        middle = len(units) // 2
        if not middle:
            return None
        parts = (slice(middle), slice(middle, None))
        first, second = (
            replace(self, batch=replace(self.batch, units=units[part]), final=self.final[part])
            for part in parts
        )
        return first, second


class Waiting:
    """What left the last block and is still to be read, of several runs together.

    A few rows at a time would be multiplied with a large vocabulary much more slowly.

    Args:
        most: Bytes of it that may wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: list[Left] = []
        self._bytes = self._positions = 0

    def add(self, items: Sequence[int], runs: Sequence[Rows], final: torch.Tensor) -> None:
        """Keep what is read of a run's rows at its end.

        Args:
            items: Whose rows.
            runs: Rows of each.
            final: What left the run's last block.
        """
        left = [
            Left(item, rows.batch, rows.at_the_end, final[rows.rows])
            for item, rows in zip(items, runs, strict=True)
            if rows.at_the_end
        ]
        if left:
            self._left += left
            self._bytes += final.nbytes
            self._positions += sum(map(_positions_of, left))

    @property
    def enough(self) -> bool:
        """Whether no more should wait."""
        return self._positions >= _ENOUGH or self._bytes >= self._most

    def take(self) -> list[Left]:
        """All that waits; nothing does from now on."""
        left, self._left = self._left, []
        self._bytes = self._positions = 0
        return left


def read_together(
    left: Sequence[Left], weights: Weights
) -> Iterator[tuple[Left, Measurement, torch.Tensor | Sequence[torch.Tensor]]]:
    """What each measurement makes of each of the rows, of several lengths as they may be.

    Args:
        left: The rows, and what left the last block there.
        weights: The model.
    """
    having: dict[Measurement, list[Left]] = {}
    for each in left:
        for measurement in each.measurements:
            having.setdefault(measurement, []).append(each)
    for measurement, some in having.items():
        reader = measurement.reader(_joined([each.batch for each in some]), weights)
        scores = reader.finish(_one_below_the_other([each.final for each in some]))
        start = 0
        for each in some:
            yield each, measurement, scores[start : start + len(each.batch.units)]
            start += len(each.batch.units)


def halves_of_left(left: Sequence[Left]) -> tuple[Sequence[Left], Sequence[Left]] | None:
    """What left the last block in two halves; None for a single row."""
    if len(left) > 1:
        middle = len(left) // 2
        return left[:middle], left[middle:]
    halves = left[0].halves()
    return halves and ([halves[0]], [halves[1]])


def _positions_of(left: Left) -> int:
    """At how many positions something is read."""
    return max(len(_final_positions(each, left.batch)) for each in left.measurements)


def _one_below_the_other(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch

    if len(parts) == 1:
        return parts[0]
    longest = max(part.shape[1] for part in parts)
    pad = torch.nn.functional.pad
    return torch.cat([pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts])


def _final_positions(measurement: Measurement, batch: Batch) -> Ints:
    assert isinstance(measurement, ReadsSomeOfTheFinal)  # noqa: S101 - others are read at once
    return measurement.final_positions(batch)


def _reads_at_the_end(measurement: Measurement, weights: Weights) -> bool:
    """Whether it reads nothing but some positions of what leaves the last block."""
    return isinstance(measurement, ReadsSomeOfTheFinal) and not measurement.sites(weights)


def _joined(batches: Sequence[Batch]) -> Batch:
    return replace(batches[0], units=np.concatenate([batch.units for batch in batches]))


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
    places = np.arange(max(map(len, rows)))
    return np.stack([row[np.minimum(places, len(row) - 1)] for row in rows])


def on_a_copy(edits: Sequence[Edit]) -> Edit:
    """All edits of one site, each writing its rows into the same copy of the activation."""

    def edit(activation: torch.Tensor) -> torch.Tensor:
        edited = activation.clone()
        for one in edits:
            edited = one(edited)
        return edited

    return edit
