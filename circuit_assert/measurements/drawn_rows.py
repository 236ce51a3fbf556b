"""Draws that several measurements have in common: made once, as long as they are worked out."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np

from circuit_assert.measurements.base import Array


class DrawnRows:
    """Rows of numbers that follow from what is drawn and from where the random numbers stand.

    To be kept no longer than measurements of one model are worked out together.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, str], Array] = {}

    def row(self, of: Hashable, rng: np.random.Generator, draw: Callable[[], Array]) -> Array:
        """The row; drawn unless the same was, after which the random numbers stay where they are.

        Args:
            of: All that the row depends on besides the model and the random numbers.
            rng: The random numbers that `draw` uses.
            draw: Makes the row.
        """
        key = of, str(rng.bit_generator.state)
        if key not in self._known:
            self._known[key] = draw()
        return self._known[key]
