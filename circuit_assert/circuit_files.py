"""Reading nodes, edges and circuits: as papers write them, and as other tools save them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from circuit_assert.circuits import (
    SLOTS,
    Among,
    Circuit,
    Edge,
    Embedding,
    HeadInput,
    Logits,
    Member,
    Receiver,
    Sender,
    Slot,
)
from circuit_assert.components import MLP, Head, parse
from circuit_assert.errors import ComponentError

_ARROW = re.compile(r"\s*(?:->|→)\s*")
_HEAD = r"(?:a|A|L)(\d+)(?:\.h|\.|H)(\d+)"
_SENDING_HEAD = re.compile(_HEAD)
_RECEIVING_HEAD = re.compile(_HEAD + r"(?:\.([qkvQKV])|<([qkv])>)?")
_MLP = re.compile(r"m(\d+)|MLP (\d+)|L(\d+)\.?mlp", re.IGNORECASE)
_EMBEDDING = ("embedding", "input", "Resid Start")
_LOGITS = ("logits", "Resid End")


def edges_of(address: str) -> tuple[Edge, ...]:
    """The edges of an address: "L0H1 -> L5H3.k"; without a slot, those into q, k and v.

    Edges as EAP-IG ("a0.h1->a5.h3<k>", "input", "m2", "logits") and auto-circuit
    ("A0.1->A5.3.K", "Resid Start", "MLP 2", "Resid End") name them are read, too.

    Raises:
        ComponentError: for an address that is none of these, or does not go up.
    """
    ends = _ARROW.split(address.strip())
    if len(ends) != 2:
        raise ComponentError(
            f"cannot read the edge {address!r}: write L0H1 -> L5H3.k, embedding -> L0H1.v, "
            f"L3.mlp -> logits."
        )
    sender = sender_of(ends[0])
    return tuple(Edge(sender, receiver) for receiver in receivers_of(ends[1]))


def sender_of(address: str) -> Sender:
    """What writes: "embedding", "L0H1" or "L3.mlp".

    Raises:
        ComponentError: when it is none of these.
    """
    if address in _EMBEDDING:
        return Embedding()
    if found := _SENDING_HEAD.fullmatch(address):
        return Head(int(found.group(1)), int(found.group(2)))
    if found := _MLP.fullmatch(address):
        return MLP(int(next(filter(None, found.groups()))))
    raise ComponentError(
        f"cannot read {address!r} as what writes: it is embedding, a head as L5H1, or an MLP as "
        f"L3.mlp."
    )


def receivers_of(address: str) -> tuple[Receiver, ...]:
    """What reads: "L5H1.q", "L5H1" for its q, k and v, "L3.mlp" or "logits".

    Raises:
        ComponentError: when it is none of these.
    """
    if address in _LOGITS:
        return (Logits(),)
    if found := _RECEIVING_HEAD.fullmatch(address):
        layer, head, *slot = found.groups()
        slots = [s.lower() for s in slot if s] or SLOTS
        return tuple(HeadInput(Head(int(layer), int(head)), cast("Slot", s)) for s in slots)
    if found := _MLP.fullmatch(address):
        return (MLP(int(next(filter(None, found.groups())))),)
    raise ComponentError(
        f"cannot read {address!r} as what reads: it is a head's queries, keys or values as "
        f"L5H1.q, a head as L5H1 for all three, an MLP as L3.mlp, or logits."
    )


def circuit_of(addresses: Iterable[str], among: Among | None = None) -> Circuit:
    """A circuit from addresses of nodes, or of edges.

    Args:
        addresses: "L5H1" and "L3.mlp", or "L0H1 -> L5H1.k".
        among: Out of what they are chosen; by default all edges, or all heads, and MLPs where the
            circuit has one.

    Raises:
        ComponentError: for an address that cannot be read, nodes among edges, or none at all.
    """
    given = list(addresses)
    with_arrows = [bool(_ARROW.search(address)) for address in given]
    if not given:
        raise ComponentError("a circuit has at least one node or edge.")
    if any(with_arrows) != all(with_arrows):
        edge, node = given[with_arrows.index(True)], given[with_arrows.index(False)]
        raise ComponentError(
            f"a circuit is made of nodes or of edges, not of both: {edge} is an edge, {node} is "
            f"a node."
        )
    if all(with_arrows):
        edges = frozenset(edge for address in given for edge in edges_of(address))
        return Circuit(edges, among or "edges")
    nodes: frozenset[Member] = frozenset(node_of(address) for address in given)
    has_mlps = any(isinstance(node, MLP) for node in nodes)
    return Circuit(nodes, among or ("heads and MLPs" if has_mlps else "heads"))


def node_of(address: str) -> Head | MLP:
    """A node of a circuit: "L5H1" or "L3.mlp".

    Raises:
        ComponentError: when it is neither.
    """
    node = parse(address)
    if not isinstance(node, Head | MLP):
        raise ComponentError(f"{node} is a {node.noun}: nodes of circuits are heads and MLPs.")
    return node


def read_circuit(file: Path | str) -> Circuit:
    """A circuit from a JSON file, ours or one that EAP-IG's `Graph.to_json` wrote.

    Ours is `{"edges": ["L0H1 -> L5H1.k", …]}` or `{"nodes": ["L5H1", "L3.mlp", …]}`, with "among"
    where it is not the default. EAP-IG's has edges by name, with "in_graph" for each.

    Raises:
        ComponentError: for a file that is neither, or has no edge in the graph.
    """
    path = Path(file)
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise ComponentError(f"{path} cannot be read as a circuit: {problem}") from None
    if isinstance(said, dict):
        content = cast("Mapping[str, Any]", said)
        edges = content.get("edges")
        if isinstance(edges, dict):
            return circuit_of(_in_graph(path, cast("Mapping[str, Any]", edges)))
        listed = edges or content.get("nodes")
        if isinstance(listed, list):
            return circuit_of(map(str, cast("list[Any]", listed)), content.get("among"))
    raise ComponentError(
        f'{path} holds no circuit: it is {{"edges": ["L0H1 -> L5H1.k", …]}}, '
        f'{{"nodes": ["L5H1", …]}}, or what EAP-IG saves as JSON.'
    )


def _in_graph(path: Path, edges: Mapping[str, Any]) -> list[str]:
    """Names of the edges that EAP-IG kept."""
    kept = [
        name
        for name, about in edges.items()
        if (about.get("in_graph") if isinstance(about, dict) else about)  # pyright: ignore
    ]
    if not kept:
        raise ComponentError(
            f"{path} has {len(edges)} edges and none of them in the graph: save it after a "
            f"threshold was applied."
        )
    return kept


def circuit_as_json(circuit: Circuit) -> str:
    """The file that `read_circuit` reads."""
    kind = "edges" if circuit.among == "edges" else "nodes"
    return json.dumps({"among": circuit.among, kind: [str(member) for member in circuit]}, indent=1)
