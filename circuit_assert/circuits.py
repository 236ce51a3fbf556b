"""Circuits: components, or connections between them, that are said to do a task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

from circuit_assert.components import MLP, Head, Subject
from circuit_assert.errors import ComponentError

Slot: TypeAlias = Literal["q", "k", "v"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
Among: TypeAlias = Literal["heads", "heads and MLPs", "edges"]
_END = math.inf


@dataclass(frozen=True, order=True)
class Embedding:
    """Tokens and positions as they enter the first block: it sends, nothing sends to it."""

    noun: ClassVar[str] = "embedding"

    def __str__(self) -> str:
        return "embedding"


@dataclass(frozen=True, order=True)
class Logits:
    """The final residual stream as the unembedding reads it: it receives."""

    noun: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "logits"


@dataclass(frozen=True, order=True)
class HeadInput:
    """What a head's queries, keys or values read: "L5H1.q".

    Where heads share keys and values, this is still the one head: the others go on reading what
    they did.
    """

    head: Head
    slot: Slot

    @property
    def layer(self) -> int:
        """The head's."""
        return self.head.layer

    def __str__(self) -> str:
        return f"{self.head}.{self.slot}"


Sender: TypeAlias = Embedding | Head | MLP
Receiver: TypeAlias = HeadInput | MLP | Logits
Node: TypeAlias = Head | MLP


def depth(node: Sender | Receiver) -> tuple[float, int]:
    """Where a node lies on the way up: what is deeper reads what is less deep."""
    match node:
        case Embedding():
            return -1, 0
        case Logits():
            return _END, 0
        case Head(layer=layer) | HeadInput(Head(layer=layer)):
            return layer, 0
        case MLP(layer=layer):
            return layer, 1


@dataclass(frozen=True)
class Edge:
    """A direct connection: what one node writes, as another one reads it.

    Raises:
        ComponentError: when it does not go up through the layers.
    """

    sender: Sender
    receiver: Receiver

    def __post_init__(self) -> None:
        if not depth(self.sender) < depth(self.receiver):
            raise ComponentError(
                f"{self.receiver} does not read what {self.sender} writes: edges go up, from a "
                f"head to heads of later layers and to the MLP of its own."
            )

    @property
    def key(self) -> tuple[object, ...]:
        """What edges are sorted by."""
        return depth(self.sender), str(self.sender), depth(self.receiver), str(self.receiver)

    def __str__(self) -> str:
        return f"{self.sender}→{self.receiver}"


Member: TypeAlias = Head | MLP | Edge


@dataclass(frozen=True)
class Circuit:
    """Nodes, or edges, of a model; what it leaves out is what it could have been among.

    Args:
        members: Heads and MLPs, or edges.
        among: Out of what they are chosen, so what is ablated where the circuit is alone: all
            "heads" (MLPs stay as they are), all "heads and MLPs", or all "edges".
    """

    members: frozenset[Member]
    among: Among

    def __post_init__(self) -> None:
        for member in self.members:
            fits = {
                "heads": isinstance(member, Head),
                "heads and MLPs": isinstance(member, Head | MLP),
                "edges": isinstance(member, Edge),
            }
            if not fits[self.among]:
                raise ComponentError(f"{member} is none of the {self.among} of a circuit.")

    def __iter__(self) -> Iterator[Member]:
        return iter(ordered(self.members))

    def __len__(self) -> int:
        return len(self.members)

    def without(self, others: Iterable[Member]) -> Circuit:
        """The circuit without some members."""
        return Circuit(self.members - set(others), self.among)

    def with_also(self, others: Iterable[Member]) -> Circuit:
        """The circuit and some more members."""
        return Circuit(self.members | set(others), self.among)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its heads and MLPs; of edges, both ends."""
        return tuple(sorted({n for m in self.members for n in ends(m)}, key=_node_key))

    def __str__(self) -> str:
        names = [str(member) for member in self]
        noun = self.among if self.among == "edges" else "nodes"
        return (
            ", ".join(names)
            if len(names) <= 4
            else f"{names[0]} … {names[-1]} ({len(names)} {noun})"
        )


def ordered(members: Iterable[Member]) -> list[Member]:
    """Members from the bottom of the model to its top."""
    return sorted(members, key=lambda m: m.key if isinstance(m, Edge) else _node_key(m))


def ends(member: Member) -> tuple[Node, ...]:
    """The heads and MLPs that a member is about."""
    if not isinstance(member, Edge):
        return (member,)
    receiver = member.receiver.head if isinstance(member.receiver, HeadInput) else member.receiver
    return tuple(n for n in (member.sender, receiver) if isinstance(n, Head | MLP))


def _node_key(node: Node) -> tuple[object, ...]:
    return depth(node), node.head if isinstance(node, Head) else 0


@dataclass(frozen=True)
class ModelCircuit(Subject):
    """A circuit of a model: what a claim is about. Made by `model.circuit([…])`.

    Args:
        circuit: Its members.
        size: The model's layers, and heads of each.
    """

    circuit: Circuit = Circuit(frozenset(), "heads")
    size: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return f"the circuit {self.circuit}"

    @property
    def identity(self) -> str:
        """What tells it from others."""
        members = [str(member) for member in self.circuit]
        return f"{members} among {self.circuit.among}"


def nodes_of(among: Among, layers: int, heads: int) -> tuple[Node, ...]:
    """All nodes that circuits are chosen among; for "edges", those that edges connect."""
    return tuple(
        node
        for layer in range(layers)
        for node in (
            *(Head(layer, head) for head in range(heads)),
            *(() if among == "heads" else (MLP(layer),)),
        )
    )


def edges_between(
    senders: Iterable[float], receivers: Iterable[float], layers: int, heads: int
) -> tuple[Edge, ...]:
    """All edges from some layers to some layers; −1 is the embedding, infinity the logits.

    Args:
        senders: Layers that send.
        receivers: Layers that receive.
        layers: Of the model.
        heads: Of each layer.
    """
    nodes = nodes_of("edges", layers, heads)
    from_layers, to_layers = set(senders), set(receivers)
    sending = [n for n in (Embedding(), *nodes) if depth(n)[0] in from_layers]
    inputs = [HeadInput(n, slot) for n in nodes if isinstance(n, Head) for slot in SLOTS]
    mlps = [n for n in nodes if isinstance(n, MLP)]
    receiving = [r for r in (*inputs, *mlps, Logits()) if depth(r)[0] in to_layers]
    return tuple(Edge(s, r) for s in sending for r in receiving if depth(s) < depth(r))
