"""Items run one after another where one goes on from where another ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from circuit_assert.backends.base import Backend
from circuit_assert.execution.batching import BYTES
from circuit_assert.execution.entries import Entry, latest_reading
from circuit_assert.execution.job import Item, Job
from circuit_assert.execution.store import Store
from circuit_assert.execution.trunks import Branch, Grown, Trunk, grown
from circuit_assert.prompts.base import Prompts, Side


class SharedRuns:
    """One side of one prompt set under some items, whose interventions share their lower parts.

    Args:
        backend: The model.
        store: Where scores go and what is kept comes from.
        on: The prompts.
        side: Their side.
        items: Each intervention, or None, with what is measured under it.
        memory: Bytes that streams between two runs of it may take; 0 to share nothing.
    """

    def __init__(
        self,
        backend: Backend,
        store: Store,
        on: Prompts,
        side: Side,
        items: Sequence[Item],
        *,
        memory: int,
    ) -> None:
        self._backend, self._store, self._on = backend, store, on
        self._side: Side = side
        self._items = items
        self._grown = self._shared(memory) if backend.can_resume else None
        self._entries: dict[Trunk, Entry] = {}

    def run(self, memory: int, report: Callable[[int, int], None]) -> float:
        """Run every unit under every item and file the scores.

        Args:
            memory: Bytes that the activations of one run may take.
            report: Called with the rows done and the rows in all, after every run.

        Returns:
            The floating-point operations that the scores could not do without.
        """
        shared = self._grown or Grown({}, (None,) * len(self._items))
        flops = 0.0
        for layer in sorted({trunk.layer for trunk in shared.trunks}):
            grow = {trunk: from_ for trunk, from_ in shared.trunks.items() if trunk.layer == layer}
            trunks = sorted(grow, key=lambda trunk: _layer(grow[trunk]))
            items: list[Item] = [(trunk.under, trunk.leaving) for trunk in trunks]
            job = self._job(items, [grow[trunk] for trunk in trunks])
            flops += job.needed_flops()
            self._entries |= zip(trunks, job.entries(memory, report), strict=True)
        order = sorted(range(len(self._items)), key=lambda item: _layer(shared.starts[item]))
        job = self._job([self._items[n] for n in order], [shared.starts[n] for n in order])
        flops += job.needed_flops()
        job.run(memory, report)
        return flops

    def _job(self, items: Sequence[Item], starts: Sequence[Trunk | None]) -> Job:
        """Items with where each starts; those that start alike, side by side, can share a run."""
        return Job(
            self._backend,
            self._store,
            self._on,
            self._side,
            items,
            may_resume=self._backend.can_resume,
            entries=[None if trunk is None else self._entries[trunk] for trunk in starts],
        )

    def _shared(self, memory: int) -> Grown | None:
        """Trunks, as many as there is room for."""
        branches = [
            Branch(under, latest_reading(measurements, self._backend))
            for under, measurements in self._items
            if under is not None
        ]
        if len(branches) < len(self._items):
            return None
        tokens = sum(map(len, self._store.tokens(self._on, self._side)))
        return grown(branches, memory // (BYTES * self._backend.card.d_model * tokens))


def _layer(trunk: Trunk | None) -> int:
    return 0 if trunk is None else trunk.layer
