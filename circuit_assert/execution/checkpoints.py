"""Which residual streams to keep, so that later runs need not start at the embedding."""

from __future__ import annotations

from collections.abc import Sequence

from circuit_assert.components import Site
from circuit_assert.execution.batching import BYTES
from circuit_assert.execution.plan import Pass
from circuit_assert.execution.store import Store
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import Request
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Prompts, Side


def worth_keeping(
    card: Card,
    store: Store,
    on: Prompts,
    side: Side,
    *,
    first_layer: int,
    last_layer: int,
    memory: int,
) -> list[Kept]:
    """The residual streams that a pass can keep on its way, evenly spaced in `memory` bytes.

    Those kept already are left out, and so is what leaves the last block: nothing starts there.

    Args:
        card: The model's sizes.
        store: What is kept already.
        on: The prompts.
        side: Their side.
        first_layer: The first block that the pass runs: none runs for the sake of keeping.
        last_layer: The last.
        memory: Bytes that they may take.
    """
    tokens = sum(len(row) for row in store.tokens(on, side))
    room = memory // (BYTES * card.d_model * tokens)
    if room == 0:
        return []
    stride = -(-card.layers // room)
    kept = [
        Kept(Site(layer, "resid_post"))
        for layer in range(stride - 1, min(last_layer + 1, card.layers - 1), stride)
        if layer >= first_layer
    ]
    return [each for each in kept if not store.has(Request(each, on, side))]


def nearest(store: Store, on: Prompts, side: Side, *, start: int) -> int:
    """The highest block up to `start` that can be entered with a kept residual; 0 if none can."""
    for layer in range(start, 0, -1):
        if store.has(Request(Kept(Site(layer - 1, "resid_post")), on, side)):
            return layer
    return 0


def alike_together(passes: Sequence[Pass], store: Store) -> list[Pass]:
    """Passes over rows that others have too stand side by side, the larger sets first.

    What the first of them keeps is there for those that follow, before it has to go.

    Args:
        passes: The passes.
        store: What tokenizes their prompts.
    """
    first: dict[bytes, int] = {}
    order: list[tuple[int, int, int]] = []
    for place, one in enumerate(passes):
        rows = store.rows(one.on, one.side)
        near = min((first[row] for row in rows if row in first), default=place)
        for row in rows:
            first.setdefault(row, near)
        order.append((near, -len(rows), place))
    return [passes[place] for *_, place in sorted(order)]
