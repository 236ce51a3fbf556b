"""Rankings: nodes or edges of a model, the most important first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from circuit_assert.circuit_files import circuit_of
from circuit_assert.circuits import Among, Circuit, Member, edges_between, nodes_of
from circuit_assert.components import Subject
from circuit_assert.errors import ComponentError

_WRITE = (
    'it is {"ranking": ["L5H1", …]}, most important first, {"scores": {"L5H1": 0.3, …}}, or what '
    "EAP-IG saves as JSON with a score for each edge"
)


@dataclass(frozen=True)
class Ranking:
    """Nodes, or edges, in an order; those that it leaves out come last, all at once.

    Args:
        members: The most important first.
        among: Out of what they are chosen.

    Raises:
        ComponentError: for a member twice, or one of another kind.
    """

    members: tuple[Member, ...]
    among: Among

    def __post_init__(self) -> None:
        twice = [member for member, count in Counter(self.members).items() if count > 1]
        if twice:
            raise ComponentError(f"the ranking has {twice[0]} twice.")
        self.first(len(self.members))

    def first(self, count: int) -> Circuit:
        """The circuit of the first few members."""
        return Circuit(frozenset(self.members[:count]), self.among)

    def __len__(self) -> int:
        return len(self.members)

    def __str__(self) -> str:
        names = ", ".join(str(member) for member in self.members[:3])
        more = f", … ({len(self)} {'edges' if self.among == 'edges' else 'nodes'})"
        return names + more * (len(self) > 3)


@dataclass(frozen=True)
class ModelRanking(Subject):
    """A ranking of a model's nodes or edges. Made by `model.ranking([…])`.

    Args:
        ranking: The order.
        size: The model's layers, and heads of each.
    """

    ranking: Ranking = Ranking((), "heads")
    size: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return f"the ranking {self.ranking}"

    @property
    def identity(self) -> str:
        """What tells it from others."""
        return f"{[str(m) for m in self.ranking.members]} among {self.ranking.among}"

    def everything(self) -> tuple[Member, ...]:
        """All members that there are to rank."""
        layers, heads = self.size
        if self.ranking.among != "edges":
            return nodes_of(self.ranking.among, layers, heads)
        senders, receivers = (-1, *range(layers)), (*range(layers), float("inf"))
        return edges_between(senders, receivers, layers, heads)


def ranking_of(addresses: Iterable[str], among: Among | None = None) -> Ranking:
    """A ranking from addresses of nodes or edges; an edge without a slot stands for q, k and v.

    Raises:
        ComponentError: for an address that cannot be read, one twice, or nodes among edges.
    """
    given = list(addresses)
    every = circuit_of(given, among)
    members = [m for address in given for m in circuit_of([address], every.among)]
    return Ranking(tuple(members), every.among)


def read_ranking(file: Path | str, among: Among | None = None) -> Ranking:
    """A ranking from a JSON file: a list, or scores, the largest absolute ones first.

    Raises:
        ComponentError: for a file that holds neither.
    """
    path = Path(file)
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise ComponentError(f"{path} cannot be read as a ranking: {problem}") from None
    if not isinstance(said, dict):
        raise ComponentError(f"{path} holds no ranking: {_WRITE}.")
    content = cast("Mapping[str, Any]", said)
    among = among or content.get("among")
    listed = content.get("ranking")
    if isinstance(listed, list):
        return ranking_of(map(str, cast("list[Any]", listed)), among)
    scores = _scores(content)
    if not scores:
        raise ComponentError(f"{path} holds no ranking: {_WRITE}.")
    return ranking_of(sorted(scores, key=lambda name: -abs(scores[name])), among)


def _scores(content: Mapping[str, Any]) -> dict[str, float]:
    """Address → score, of our files or EAP-IG's."""
    ours, theirs = content.get("scores"), content.get("edges")
    if isinstance(ours, dict):
        return {name: float(score) for name, score in cast("dict[str, Any]", ours).items()}
    if not isinstance(theirs, dict):
        return {}
    edges = cast("dict[str, Any]", theirs)
    return {
        name: float(about["score"])
        for name, about in edges.items()
        if isinstance(about, dict) and "score" in about
    }
