"""What heads would make of another residual stream, worked out on the way through a block."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from circuit_assert.backends.placement import device_of


class Rereading:
    """Runs attention again, inside a run, on other streams than the one that passes.

    The model's own modules do it, norms, rotations, masks and shared keys and all. Each head can
    be asked for alone, so that heads which share keys and values need not share what they read.

    Args:
        bridge: The model.
        device: Where results are wanted, whatever device the layer is on.
    """

    def __init__(self, bridge: Any, device: torch.device) -> None:  # noqa: ANN401 - a TransformerBridge
        self._bridge, self._device = bridge, device
        self._calls: dict[int, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self.taken: dict[str, torch.Tensor] | None = None

    @contextmanager
    def watching(self, layers: Iterable[int]) -> Generator[None]:
        """While it lasts, note how the attention of these layers is called."""
        with ExitStack() as stack:
            for layer in layers:
                attention = self._bridge.blocks[layer].attn
                handle = attention.register_forward_pre_hook(self._noting(layer), with_kwargs=True)
                stack.callback(handle.remove)
            try:
                yield
            finally:
                self._calls.clear()

    def heads(
        self, layer: int, streams: Mapping[str, torch.Tensor], rows: slice
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`z` and the pattern of a layer whose queries, keys and values read these streams.

        Args:
            layer: Which; the run has come to it.
            streams: "q", "k" and "v" → residual streams before the norm, `[row, pos, d_model]`.
            rows: Which rows of the run they are.
        """
        block = self._bridge.blocks[layer]
        there = device_of(block, self._device)
        normed = {slot: block.ln1(stream.to(there)) for slot, stream in streams.items()}
        arguments, named = self._call(layer, rows)
        if "hidden_states" in named:
            named["hidden_states"] = normed["q"]
        else:
            arguments = (normed["q"], *arguments[1:])
        self.taken = {}
        try:
            with ExitStack() as stack:
                for slot in ("k", "v"):
                    hook = _reading(normed[slot])
                    handle = getattr(block.attn, slot).register_forward_pre_hook(hook)
                    stack.callback(handle.remove)
                block.attn(*arguments, **named)
            return self.taken["z"].to(self._device), self.taken["pattern"].to(self._device)
        finally:
            self.taken = None

    def _noting(self, layer: int) -> Callable[..., None]:
        def note(module: torch.nn.Module, arguments: Any, named: dict[str, Any]) -> None:  # noqa: ANN401
            if self.taken is None:
                self._calls[layer] = arguments, named

        return note

    def _call(self, layer: int, rows: slice) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """How the layer's attention was called, for some of the rows."""
        arguments, named = self._calls[layer]
        hidden = named["hidden_states"] if "hidden_states" in named else arguments[0]
        size = len(hidden)
        some = {name: _rows_of(value, rows, size) for name, value in named.items()}
        if some.get("past_key_values") is not None:
            some["past_key_values"] = None  # a cache would take the second call for more tokens
        return tuple(_rows_of(value, rows, size) for value in arguments), some


def _rows_of(value: Any, rows: slice, size: int) -> Any:  # noqa: ANN401
    """Some rows of what belongs to rows: masks, positions; the rest as it is."""
    match value:
        case torch.Tensor() if size > 1 and value.ndim and len(value) == size:
            return value[rows]
        case tuple():
            members: tuple[Any, ...] = value
            return tuple(_rows_of(member, rows, size) for member in members)
        case _:
            return value


def _reading(stream: torch.Tensor) -> Callable[..., Any]:
    def read(module: torch.nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return (stream, *arguments[1:])

    return read
