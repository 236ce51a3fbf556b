"""Causal scrubbing: activations are resampled from prompts that agree on what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from circuit_assert.circuit_files import node_of
from circuit_assert.circuits import Circuit, ModelCircuit, Node, nodes_of
from circuit_assert.claims.ablations import Metric, metric_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.claims.quantities import CannotTell, Mean, Measured, Quantity, Score
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Resampling
from circuit_assert.measurements import Measurement, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.agreement import ANSWERS, donors_by
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.stats.region import above

_CHAN = "Chan et al. 2022, Causal scrubbing (Redwood Research, AI Alignment Forum)"
_LEAST_KEPT = 0.5  # of the prompts: with fewer, the score would be one of other prompts


@claim("{circuit} keeps {by} of the score under scrubbing", source=_CHAN)
def circuit_survives_scrubbing(
    circuit: ModelCircuit,
    *,
    on: Prompts,
    by: float,
    correspondence: Mapping[str, str],
    draws: int = 10,
    seed: int = 0,
    metric: Metric = "logit difference",
) -> Body:
    """Resampling nodes among prompts that agree on what they stand for leaves more than `by`.

    Each node of the correspondence is said to depend on one feature of the prompt only, so its
    activation may be that of any other prompt of its template and length that agrees on it. Nodes
    outside the circuit may have that of any other such prompt. Donors are drawn for each node by
    itself, and scores averaged over draws. Kept: (scrubbed − shuffled) over (the model − shuffled),
    a ratio of means, shuffled being all nodes resampled from any other prompt.

    It is claimed of all named nodes at once, of each alone while the rest of the circuit runs, and
    of the circuit running by itself: a node that is itself resampled hides what those below it
    stand for, and that one of them is missing. Controls: the model does
    the task, and not once all is shuffled; with any donor for a named node, less is kept than with
    donors that agree, or its feature would say nothing.

    This is one level of causal scrubbing: whole activations are exchanged, and what a donor's
    activation was computed from is not resampled in turn. Members that the correspondence does not
    name run on what they then read. It is no proof: only the outputs are compared, on these
    prompts, so a correspondence that is too fine passes, and errors can cancel. Prompts without a
    donor are left out, and noted.

    Args:
        circuit: Nodes.
        on: Prompts with answers, several of each template that agree and several that do not.
        by: Smallest share that counts.
        correspondence: Member → feature: "answer" or "foil" (its first token), a position role (the
            token there, the last of a piece), or the name of clusters (the id).
        draws: Of donors for each node. Default 10.
        seed: What they are drawn with.
        metric: "logit difference" or "centred logit".

    Raises:
        ClaimError: for edges, no correspondence, a node that is no member, no draw, or a feature
            that the prompts do not have.
    """
    scrubbing = Scrubbing(
        metric_of(metric), on, circuit.circuit, circuit.size, _named(circuit, correspondence), seed
    )
    _check(scrubbing, draws)
    average = _Averages(scrubbing, draws)
    every, owner = dict(scrubbing.named), circuit.model
    nothing, whole = average.of({}, all_of_them=True), scrubbing.kept(scrubbing.whole)
    words = "share of the score that is left"

    def left(name: str, resampled: Quantity) -> Criterion:
        share = ShareOf(resampled - nothing, whole - nothing, by, _NOTHING)
        return Criterion(name, share, above(by), words, "share", owner)

    alone = {node: average.of({node: feature}) for node, feature in scrubbing.named}
    each = [left(f"{n} by {every[n]}", kept) for n, kept in alone.items()]
    together = [left("scrubbed", average.of(every))] if len(every) > 1 else []
    if set(nodes_of(circuit.circuit.among, *circuit.size)) - circuit.circuit.members:
        together.append(left("circuit alone", average.of({})))
    return Body(
        AllOf((*together, *each)),
        tuple(
            Criterion(
                f"{node}'s feature",
                kept - average.of({node: None}),
                above(0.0),
                f"score with donors that agree on {every[node]} minus that with any",
                "logits",
                owner,
            )
            for node, kept in alone.items()
        ),
        AllOf(
            (
                Criterion("competence", whole, above(0.0), "score of the model", "logits", owner),
                Criterion(
                    "shuffling",
                    whole - nothing,
                    above(0.0),
                    "score of the model minus that with every node shuffled",
                    "logits",
                    owner,
                    otherwise="shuffling every node takes nothing from the score",
                ),
            )
        ),
        scope="with " + ", ".join(f"{node} by {feature}" for node, feature in scrubbing.named),
    )


_NOTHING = "shuffling every node takes nothing from the score, so there is no share of it"


@dataclass(frozen=True)
class Scrubbing:
    """A circuit, what its nodes are said to stand for, and a score on prompts.

    Args:
        metric: What is scored.
        on: The prompts.
        circuit: The circuit.
        size: The model's layers, and heads of each.
        named: Nodes with their features.
        seed: What donors are drawn with.
    """

    metric: Measurement
    on: Prompts
    circuit: Circuit
    size: tuple[int, int]
    named: tuple[tuple[Node, str], ...]
    seed: int

    @property
    def whole(self) -> Score:
        """The model as it is."""
        return Score(Request(self.metric, self.on))

    def resampled(self, by: Mapping[Node, str | None], *, all_of_them: bool, draw: int) -> Score:
        """Some nodes by their features, and those outside the circuit, or all, from any donor."""
        nodes = nodes_of(self.circuit.among, *self.size)
        chosen = tuple(
            (node, by.get(node))
            for node in nodes
            if all_of_them or node in by or node not in self.circuit.members
        )
        may_do_nothing = any(by.values())  # where the feature is all that a node depends on
        under = Resampling(chosen, draw, self.seed, may_do_nothing)
        return Score(Request(self.metric, self.on, "clean", under))

    def kept(self, score: Quantity) -> Quantity:
        """A score of the prompts that have donors for every feature."""
        return WithDonors(score, self.on, tuple(dict.fromkeys(f for _, f in self.named)))


@dataclass(frozen=True)
class _Averages:
    """Scores over several draws."""

    scrubbing: Scrubbing
    draws: int

    def of(self, by: Mapping[Node, str | None], *, all_of_them: bool = False) -> Quantity:
        scores = (
            self.scrubbing.resampled(by, all_of_them=all_of_them, draw=draw)
            for draw in range(self.draws)
        )
        return self.scrubbing.kept(Mean(tuple(scores)))


@dataclass(frozen=True)
class WithDonors(Quantity):
    """A quantity of those units only for which each feature has a donor.

    Args:
        of: The quantity.
        on: The prompts.
        features: The features.
    """

    of: Quantity
    on: Prompts
    features: tuple[str, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the quantity needs."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The quantity, with a note of what is left out.

        Raises:
            CannotTell: when fewer than half the units are left.
        """
        prompts = scores.tokenized(self.on)
        every = [donors_by(prompts, feature) for feature in self.features]
        has = np.array([all(donors) for donors in zip(*every, strict=True)], np.bool_)
        wanted = " or ".join(self.features)
        missing = (
            f"{int((~has).sum())} of {len(has)} prompts have no other of their template and length "
            f"that agrees on {wanted}"
        )
        if has.mean() < _LEAST_KEPT:
            raise CannotTell(f"{missing}: give more prompts of each template")
        found = self.of.measured(scores)
        return found if has.all() else found.keeping(has, f"{missing}, and are left out")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The quantity's."""
        return self.of.noise(scores, floor_of)


def _named(
    circuit: ModelCircuit, correspondence: Mapping[str, str]
) -> tuple[tuple[Node, str], ...]:
    """Nodes with their features, from the bottom up.

    Raises:
        ClaimError: for edges, nothing named, or what is no member.
    """
    if not isinstance(circuit, ModelCircuit) or circuit.circuit.among == "edges":  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ClaimError(
            f'activations of nodes are resampled: give model.circuit(["L5H1", "L3.mlp"]); got '
            f"{circuit!r}."
        )
    if not correspondence:
        raise ClaimError('say what nodes stand for: correspondence={"L5H1": "S2"}.')
    named = {node_of(address): feature for address, feature in correspondence.items()}
    strange = [str(node) for node in named if node not in circuit.circuit.members]
    if strange:
        raise ClaimError(f"the correspondence names {strange[0]}, which is no member of {circuit}.")
    return tuple((n, named[n]) for n in circuit.circuit.nodes if n in named)


def _check(scrubbing: Scrubbing, draws: int) -> None:
    if draws < 1:
        raise ClaimError(f"draws is how many donors each node gets, at least 1; got {draws}.")
    if not isinstance(scrubbing.on, PromptSet):
        return  # other kinds say so once they are tokenized
    prompts = scrubbing.on.prompts
    has = {"end", *set.intersection(*({*p.positions, *p.clusters} for p in prompts))}
    has |= {name for name in ANSWERS if all(getattr(p, name) for p in prompts)}
    unknown = [feature for _, feature in scrubbing.named if feature not in has]
    if unknown:
        raise ClaimError(
            f"the prompts of {scrubbing.on.name} have no {unknown[0]!r} that they could agree on; "
            f"they have: {', '.join(sorted(has))}."
        )
