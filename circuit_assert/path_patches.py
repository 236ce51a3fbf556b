"""Descriptions of patching along paths: connections between nodes, not nodes, are replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.circuits import Edge, Embedding, HeadInput, Logits, Receiver, Sender
from circuit_assert.components import MLP, Head, Site, SiteName
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Side


@dataclass(frozen=True)
class PathPatch:
    """Edges carry what their sender writes on the other side's prompt; all else is computed.

    A receiver reads the residual stream with the sender's output there in place of its own, before
    its norm, and what follows from that goes on to all that read the receiver. No edge means
    another path: what the sender writes reaches other nodes as it is.

    Where outputs of attention are normalised before they join the stream, a head writes its share
    of what the norm gives.

    Args:
        edges: Which.
        layers: Of the model.
        heads: Of each layer.
        source: The side whose activations the edges carry.
        all_but: Patch every edge of the model but these.
        may_do_nothing: Whether it is one of many controls, for which changing nothing is a result.
    """

    edges: frozenset[Edge]
    layers: int
    heads: int
    source: Side = "corrupt"
    all_but: bool = False
    may_do_nothing: bool = False

    def __post_init__(self) -> None:
        if not self.edges and not self.all_but:
            raise ClaimError("path patching needs at least one edge.")

    @property
    def senders(self) -> tuple[Sender, ...]:
        """Of its edges."""
        return tuple(dict.fromkeys(edge.sender for edge in self.edges))

    def senders_to(self, receiver: Receiver) -> frozenset[Sender]:
        """Those of its edges that end in a receiver."""
        return frozenset(edge.sender for edge in self.edges if edge.receiver == receiver)

    @property
    def layers_of_heads(self) -> tuple[int, ...]:
        """Layers in which some head reads another stream."""
        if self.all_but:
            return tuple(range(self.layers))
        found = {e.receiver.layer for e in self.edges if isinstance(e.receiver, HeadInput)}
        return tuple(sorted(found))

    @property
    def layers_of_mlps(self) -> tuple[int, ...]:
        """Layers in which the MLP reads another stream."""
        if self.all_but:
            return tuple(range(self.layers))
        return tuple(sorted({e.receiver.layer for e in self.edges if isinstance(e.receiver, MLP)}))

    @property
    def reads_logits(self) -> bool:
        """Whether the unembedding reads another stream."""
        return self.all_but or any(isinstance(edge.receiver, Logits) for edge in self.edges)

    @property
    def outputs(self) -> tuple[Site, ...]:
        """Where its senders write."""
        return tuple(sorted({_written(sender) for sender in self.senders}))

    @property
    def scales(self) -> tuple[Site, ...]:
        """Of the norms that its heads' outputs pass, in models that have such norms."""
        layers = {sender.layer for sender in self.senders if isinstance(sender, Head)}
        return tuple(Site(layer, "attn_post_scale") for layer in sorted(layers))

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts, and where it looks."""
        names: list[tuple[Iterable[int], tuple[SiteName, ...]]] = [
            (self.layers_of_heads, ("resid_pre", "pattern", "z")),
            (self.layers_of_mlps, ("mlp_read",)),
            ((self.layers - 1,) if self.reads_logits else (), ("resid_post",)),
        ]
        read = {Site(layer, name) for layers, of in names for layer in layers for name in of}
        return tuple(sorted(read | set(self.outputs)))

    @property
    def kept_of_source(self) -> tuple[Site, ...]:
        """What is needed of the other side: what senders write, or all that anything reads."""
        return self.sites if self.all_but else self.outputs

    def __str__(self) -> str:
        which = sorted(map(str, self.edges))
        said = ", ".join(which) if len(which) <= 4 else f"{which[0]} … ({len(which)} edges)"
        every = f"every path but {said or 'none'}" if self.all_but else said
        return f"patching {every} from the {self.source} prompt"


def _written(sender: Sender) -> Site:
    match sender:
        case Embedding():
            return Site(0, "resid_pre")
        case Head(layer=layer):
            return Site(layer, "z")
        case MLP(layer=layer):
            return Site(layer, "mlp_out")
