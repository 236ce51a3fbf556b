"""Shorter ways to compute parts of a model, for runs that nobody looks into."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


class ShortWays:
    """The parts of a model that know a shorter way, and whether they take it.

    A part takes it while `taken` is true, where no gradient is recorded and where the way applies
    to what the part is given. Else it runs its own code.
    """

    def __init__(self) -> None:
        self.taken = False
        self.parts = 0
        self._compared: list[float] | None = None

    @contextmanager
    def compared(self) -> Generator[list[float]]:
        """While it lasts, parts give what is their own, beside which their shorter way is tried.

        Yields:
            How far each was off, as a share of the largest number of its own. Parts are compared
            each by itself: over a whole model even roundings may grow a thousandfold.
        """
        self._compared = []
        try:
            yield self._compared
        finally:
            self._compared = None

    @contextmanager
    def left_out(self) -> Generator[None]:
        """While it lasts, parts run their own code."""
        before, self.taken = self.taken, False
        try:
            yield
        finally:
            self.taken = before

    def give(self, part: torch.nn.Module, way: Callable[..., Any]) -> None:
        """Have a part go a shorter way.

        Args:
            part: Changed in place; its hooks fire as before.
            way: Called as the part is. Gives None, having run nothing, where it does not apply.
        """
        own = part.forward

        def forward(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            if self._compared is not None:
                left = own(*arguments, **named)
                self._compared.extend(_off(way(*arguments, **named), left))
                return left
            if self.taken and not torch.is_grad_enabled():
                made = way(*arguments, **named)
                if made is not None:
                    return made
            return own(*arguments, **named)

        part.__dict__["forward"] = forward
        self.parts += 1

    def give_each(
        self, model: torch.nn.Module, kinds: tuple[str, ...], way: Callable[..., Any]
    ) -> None:
        """Have all parts of some kinds go a shorter way.

        Args:
            model: Its parts are changed in place.
            kinds: Names of their classes in the transformers library.
            way: As for `give`, called with the part before what the part is called with.
        """
        for module in model.modules():
            if is_one_of(module, kinds):
                self.give(module, partial(way, module))


def _off(made: Any, left: Any) -> list[float]:  # noqa: ANN401
    if made is None:
        return []
    made, left = (each[0] if isinstance(each, tuple) else each for each in (made, left))
    largest = left.abs().max().clamp(min=torch.finfo(left.dtype).tiny)
    return [float((made - left).abs().max() / largest)]


def is_watched(part: torch.nn.Module) -> bool:
    """Whether a hook of any kind is on it or on what is inside it."""
    return any(vars(module)[kind] for module in part.modules() for kind in _HOOKS)


def is_one_of(part: torch.nn.Module, names: tuple[str, ...]) -> bool:
    """Whether it is of a class of the transformers library with one of these names."""
    kind = type(part)
    return kind.__name__ in names and kind.__module__.startswith("transformers.")
