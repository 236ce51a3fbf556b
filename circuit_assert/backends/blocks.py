"""Counting the blocks that run, and not running those below a resumed layer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch

from circuit_assert.backends.base import Resume
from circuit_assert.backends.placement import device_of


class Blocks:
    """A model's transformer blocks, with a count of how many have been executed.

    Args:
        module: The model underneath the bridge.
        layers: How many blocks it has.
    """

    def __init__(self, module: torch.nn.Module, layers: int) -> None:
        self.count = 0
        self._returns_tuple = False
        self._blocks = _block_list(module, layers)

    @property
    def found(self) -> bool:
        """Whether the blocks were found, so that they can be counted and skipped."""
        return bool(self._blocks)

    @contextmanager
    def running(self, resume: Resume | None) -> Generator[None]:
        """Count the blocks that run; those below `resume.layer` do not, its residual enters it."""
        start = resume.layer if resume else 0
        with ExitStack() as stack:
            for block in self._blocks[:start]:
                stack.enter_context(_passing_through(block, self._returns_tuple))
            for block in self._blocks[start:]:
                stack.callback(block.register_forward_pre_hook(self._add_one).remove)
                stack.callback(block.register_forward_hook(self._note_output).remove)
            if resume is not None:
                there = device_of(self._blocks[start], resume.residual.device)
                entry = _replace_input(resume.residual.to(there))
                handle = self._blocks[start].register_forward_pre_hook(entry, with_kwargs=True)
                stack.callback(handle.remove)
            yield

    def _add_one(self, module: torch.nn.Module, arguments: Any) -> None:  # noqa: ANN401
        self.count += 1

    def _note_output(self, module: torch.nn.Module, arguments: Any, output: Any) -> None:  # noqa: ANN401
        self._returns_tuple = isinstance(output, tuple)


def _passing_through(block: torch.nn.Module, as_tuple: bool) -> AbstractContextManager[None]:
    """The block's forward returns its input, as it returns its output, while the context lasts."""

    def forward(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        entering = arguments[0] if arguments else named["hidden_states"]
        return (entering,) if as_tuple else entering

    return replaced_forward(block, forward)


@contextmanager
def replaced_forward(module: torch.nn.Module, forward: Callable[..., Any]) -> Generator[None]:
    """The module computes something else while the context lasts; its hooks fire as before."""
    had_own = "forward" in vars(module)
    own: Callable[..., Any] | None = vars(module).get("forward")
    module.__dict__["forward"] = forward
    try:
        yield
    finally:
        if had_own:
            module.__dict__["forward"] = own
        else:
            del module.__dict__["forward"]


def _replace_input(residual: torch.Tensor) -> Callable[..., Any]:
    def enter(module: torch.nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:  # noqa: ANN401
        if arguments:
            return (residual, *arguments[1:]), named
        return arguments, {**named, "hidden_states": residual}

    return enter


def _block_list(module: torch.nn.Module, layers: int) -> list[torch.nn.Module]:
    """The first list of exactly `layers` modules: the decoder's blocks."""
    for child in module.modules():
        if isinstance(child, torch.nn.ModuleList) and len(child) == layers:
            return list(child)
    return []
