"""Weights of a small transformer, written by hand into named parts of its residual stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """Sizes of a planted model, and which parts its residual stream has.

    Args:
        parts: Name → width; the residual stream is these, side by side.
        vocabulary: How many tokens.
        layers: Blocks.
        heads: Query heads of each block.
        d_head: Width of one head.
        d_mlp: Neurons of each block.
        context: Longest sequence.
        kv_heads: Key/value heads; as many as `heads` by default.
        norm: None or "RMS".
        gated: Whether the MLPs are gated.
    """

    parts: Mapping[str, int]
    vocabulary: int
    layers: int
    heads: int
    d_head: int
    d_mlp: int
    context: int
    kv_heads: int | None = None
    norm: str | None = None
    gated: bool = False

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return sum(self.parts.values())

    @property
    def card(self) -> Card:
        """The sizes as a card."""
        return Card(
            layers=self.layers,
            heads=self.heads,
            kv_heads=self.kv_heads or self.heads,
            d_model=self.d_model,
            d_head=self.d_head,
            d_mlp=self.d_mlp,
            vocabulary=self.vocabulary,
            context=self.context,
            mlp_matrices=3 if self.gated else 2,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Fields of transformer-lens' configuration."""
        return {
            "n_layers": self.layers,
            "d_model": self.d_model,
            "d_head": self.d_head,
            "n_heads": self.heads,
            "n_key_value_heads": self.kv_heads,
            "d_mlp": self.d_mlp,
            "n_ctx": self.context,
            "d_vocab": self.vocabulary,
            "act_fn": "relu",
            "normalization_type": self.norm,
            "gated_mlp": self.gated,
            "attn_only": False,
        }

    def where(self, part: str) -> slice:
        """Where a part of the residual stream lies."""
        names = list(self.parts)
        start = sum(self.parts[name] for name in names[: names.index(part)])
        return slice(start, start + self.parts[part])


@dataclass
class Blueprint:
    """A state dict in the making: everything is zero until it is written.

    Maps are `[width of the part, width of the head]`, a row for each coordinate of the part.

    Args:
        shape: The sizes.
        gains: Norm gains, one for each coordinate of the residual stream; reading divides by
            them, so that they change nothing that is computed. Used with a norm only.
        lengths: Typical length of the residual stream that each layer, and last the unembedding,
            reads: what a norm divides by and reading multiplies by again. Used with a norm only.
    """

    shape: Shape
    gains: Matrix | None = None
    lengths: tuple[float, ...] = ()
    arrays: dict[str, Matrix] = field(default_factory=dict[str, Matrix])

    def __post_init__(self) -> None:
        shape = self.shape
        width, kv = shape.d_model, (shape.kv_heads or shape.heads) * shape.d_head
        self._zeros("tok_embed.weight", shape.vocabulary, width)
        self._zeros("pos.weight", shape.context, width)
        for layer in range(shape.layers):
            for name, rows in (("q", shape.heads * shape.d_head), ("k", kv), ("v", kv)):
                self._zeros(f"layers.{layer}.attn.{name}.weight", rows, width)
                self._zeros(f"layers.{layer}.attn.{name}.bias", rows)
            self._zeros(f"layers.{layer}.attn.o.weight", width, shape.heads * shape.d_head)
            self._zeros(f"layers.{layer}.attn.o.bias", width)
            self._mlp(f"layers.{layer}.mlp")
            self._norm(f"layers.{layer}.ln1.weight")
            self._norm(f"layers.{layer}.ln2.weight")
        self._norm("ln_out.weight")
        self._zeros("head.weight", shape.vocabulary, width)

    def embed(self, part: str, codes: Matrix) -> None:
        """What each token puts into a part: `[token, width]`."""
        self.arrays["tok_embed.weight"][:, self.shape.where(part)] += codes

    def place(self, part: str, codes: Matrix) -> None:
        """What each position puts into a part: `[position, width]`."""
        self.arrays["pos.weight"][:, self.shape.where(part)] += codes

    def unembed(self, part: str, rows: Matrix) -> None:
        """How each token's logit reads a part: `[token, width]`."""
        where = self.shape.where(part)
        self.arrays["head.weight"][:, where] += rows / self._reading(where, self.shape.layers)

    def query(self, layer: int, head: int, part: str, weights: Matrix) -> None:
        """How a head's query reads a part."""
        self._read(layer, "q", head, part, weights)

    def query_always(self, layer: int, head: int, vector: Matrix) -> None:
        """What a head's query always holds."""
        self.arrays[f"layers.{layer}.attn.q.bias"][self._rows(head)] = vector

    def key(self, layer: int, head: int, part: str, weights: Matrix) -> None:
        """How a head's key (that of its group, where heads share keys) reads a part."""
        self._read(layer, "k", self._group(head), part, weights)

    def value(self, layer: int, head: int, part: str, weights: Matrix) -> None:
        """How a head's value (that of its group) reads a part."""
        self._read(layer, "v", self._group(head), part, weights)

    def output(self, layer: int, head: int, part: str, weights: Matrix) -> None:
        """What a head writes into a part: `[width of the head, width of the part]`."""
        columns = slice(head * self.shape.d_head, head * self.shape.d_head + len(weights))
        where = self.shape.where(part)
        self.arrays[f"layers.{layer}.attn.o.weight"][where, columns] += weights.T

    def neuron(
        self,
        layer: int,
        neuron: int,
        reads: Mapping[str, Matrix],
        writes: Mapping[str, Matrix],
        *,
        threshold: float = 0.0,
        up: Mapping[str, Matrix] | None = None,
    ) -> None:
        """One neuron: max(0, reads − threshold), times `up` in gated MLPs, in its direction.

        Args:
            layer: Its layer.
            neuron: Its number.
            reads: Part → vector that the neuron (its gate, in gated MLPs) reads.
            writes: Part → vector that it adds.
            threshold: What the reading must exceed; plain MLPs only.
            up: Part → vector that the second factor reads; gated MLPs only.
        """
        mlp = f"layers.{layer}.mlp"
        out = f"{mlp}.out.weight" if self.shape.gated else f"{mlp}.fc_out.weight"
        self._read_vectors(layer, "gate" if self.shape.gated else "fc_in", neuron, reads)
        if self.shape.gated:
            self._read_vectors(layer, "in", neuron, up or {})
        else:
            self.arrays[f"{mlp}.fc_in.bias"][neuron] -= threshold
        for part, vector in writes.items():
            self.arrays[out][self.shape.where(part), neuron] += vector

    def stir(self, seed: int, scale: float = 0.02) -> None:
        """Add a little noise to all queries and keys, so that no head's pattern is exact."""
        generator = np.random.default_rng(seed)
        for layer in range(self.shape.layers):
            reading = self._reading(slice(None), layer)
            for name in ("q", "k"):
                array = self.arrays[f"layers.{layer}.attn.{name}.weight"]
                array += scale * generator.standard_normal(array.shape) / reading

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The weights, float32."""
        import torch

        return {name: torch.from_numpy(a.astype(np.float32)) for name, a in self.arrays.items()}

    def _read(self, layer: int, name: str, head: int, part: str, weights: Matrix) -> None:
        where = self.shape.where(part)
        rows = slice(head * self.shape.d_head, head * self.shape.d_head + weights.shape[1])
        array = self.arrays[f"layers.{layer}.attn.{name}.weight"]
        array[rows, where] = weights.T / self._reading(where, layer)

    def _read_vectors(self, layer: int, name: str, row: int, vectors: Mapping[str, Matrix]) -> None:
        for part, vector in vectors.items():
            where = self.shape.where(part)
            array = self.arrays[f"layers.{layer}.mlp.{name}.weight"]
            array[row, where] += vector / self._reading(where, layer)

    def _reading(self, where: slice, layer: int) -> Matrix | float:
        """What the norm before a layer does to these coordinates, which reading has to undo."""
        if self.shape.norm is None or self.gains is None:
            return 1.0
        return self.gains[where] * np.sqrt(self.shape.d_model) / self.lengths[layer]

    def _rows(self, head: int) -> slice:
        return slice(head * self.shape.d_head, (head + 1) * self.shape.d_head)

    def _group(self, head: int) -> int:
        return head // (self.shape.heads // (self.shape.kv_heads or self.shape.heads))

    def _zeros(self, name: str, *shape: int) -> None:
        self.arrays[name] = np.zeros(shape)

    def _norm(self, name: str) -> None:
        if self.shape.norm is not None:
            gains = self.gains if self.gains is not None else np.ones(self.shape.d_model)
            self.arrays[name] = gains.copy()

    def _mlp(self, name: str) -> None:
        width, neurons = self.shape.d_model, self.shape.d_mlp
        if self.shape.gated:
            self._zeros(f"{name}.gate.weight", neurons, width)
            self._zeros(f"{name}.in.weight", neurons, width)
            self._zeros(f"{name}.out.weight", width, neurons)
        else:
            self._zeros(f"{name}.fc_in.weight", neurons, width)
            self._zeros(f"{name}.fc_in.bias", neurons)
            self._zeros(f"{name}.fc_out.weight", width, neurons)
            self._zeros(f"{name}.fc_out.bias", width)


def random_codes(count: int, width: int, seed: int) -> Matrix:
    """Random vectors of length one, `[count, width]`: nearly orthogonal, never exactly."""
    drawn = np.random.default_rng(seed).standard_normal((count, width))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def wave_codes(context: int, waves: int) -> Matrix:
    """Position codes of length one, orthogonal for positions less than 2·`waves` apart."""
    angles = np.arange(context)[:, None] * _frequencies(waves)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(waves)


def shift_by(offset: int, waves: int) -> Matrix:
    """The rotation that turns the code of position p into that of p + `offset` (rows times it)."""
    cosines, sines = (np.diag(f(offset * _frequencies(waves))) for f in (np.cos, np.sin))
    return np.block([[cosines, sines], [-sines, cosines]])


def _frequencies(waves: int) -> Matrix:
    return (np.arange(waves) + 0.5) * np.pi / waves
