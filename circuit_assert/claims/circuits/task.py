"""What circuits are judged by: a score on prompts, with all outside, or all inside, ablated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from circuit_assert.circuits import Circuit, Edge, ModelCircuit, Node, nodes_of
from circuit_assert.claims.ablations import ablating, metric_of
from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.quantities import Quantity, Score
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Intervention, Patch
from circuit_assert.measurements import Measurement, Request
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above, below

CircuitAblation: TypeAlias = Literal["corrupt", "mean", "zero"]
Reference: TypeAlias = Prompts | Literal["corrupt"] | None


@dataclass(frozen=True)
class Task:
    """A score on prompts, and what becomes of what is ablated.

    Args:
        metric: What is scored.
        on: The prompts.
        ablation: "corrupt": what is ablated has the activation of the corrupt twin; "mean" or
            "zero" as in `ablation_drops_logit`. Edges carry what the corrupt twin has.
        reference: Whose activations give the means.
        layers: Of the model.
        heads: Of each layer.
        among: What circuits are chosen among.
    """

    metric: Measurement
    on: Prompts
    ablation: CircuitAblation
    reference: Reference
    circuit: Circuit
    layers: int
    heads: int

    @property
    def whole(self) -> Score:
        """The model as it is."""
        return Score(Request(self.metric, self.on))

    @property
    def nothing(self) -> Quantity:
        """The model with all that circuits are chosen among ablated."""
        return self.alone(Circuit(frozenset(), self.circuit.among))

    @property
    def span(self) -> Quantity:
        """What there is to explain: the whole model minus nothing."""
        return self.whole - self.nothing

    def alone(self, circuit: Circuit, *, control: bool = False) -> Score:
        """With everything outside the circuit ablated; of a control, that may change nothing."""
        if circuit.among == "edges":
            return self._score(self._patched(circuit, all_but=True, may_do_nothing=control))
        every = nodes_of(circuit.among, self.layers, self.heads)
        outside = tuple(node for node in every if node not in circuit.members)
        return self._ablated(outside, control)

    def without(self, circuit: Circuit, *, control: bool = False) -> Score:
        """With the circuit ablated; of a control, that may change nothing."""
        if not len(circuit):
            return self.whole
        if circuit.among == "edges":
            return self._score(self._patched(circuit, may_do_nothing=control))
        return self._ablated(circuit.nodes, control)

    def share(self, part: Quantity, against: float) -> ShareOf:
        """A difference of scores as a share of what there is to explain, held against a share."""
        return ShareOf(
            part,
            self.span,
            against,
            "ablating everything takes nothing from the answer, so there is no share of it",
        )

    def within(
        self, part: Quantity, margin: float, words: str, owner: Owner
    ) -> tuple[Criterion, Criterion]:
        """That a difference of scores is within a share of what there is to explain: both ways."""
        up, down = self.share(part, margin), self.share(part, -margin)
        return (
            Criterion("not above", up, below(margin), words, "share", owner),
            Criterion("not below", down, above(-margin), words, "share", owner),
        )

    def gate(self, owner: Owner) -> Criterion:
        """The model does the task, and not once everything is ablated."""
        words = "score of the whole model minus that with everything ablated"
        return Criterion("competence", self.span, above(0.0), words, "logits", owner)

    def _patched(
        self, circuit: Circuit, *, all_but: bool = False, may_do_nothing: bool
    ) -> PathPatch:
        edges = frozenset(member for member in circuit.members if isinstance(member, Edge))
        return PathPatch(
            edges, self.layers, self.heads, all_but=all_but, may_do_nothing=may_do_nothing
        )

    def _ablated(self, nodes: tuple[Node, ...], control: bool) -> Score:
        if not nodes:
            return self.whole
        if self.ablation == "corrupt":
            return self._score(Patch(nodes, "corrupt", may_do_nothing=control))
        how = ablating(nodes, self.ablation, self.on, self.reference)
        return self._score(replace(how, may_do_nothing=control))

    def _score(self, intervention: Intervention) -> Score:
        return Score(Request(self.metric, self.on, "clean", intervention))


def task_of(
    circuit: ModelCircuit,
    on: Prompts,
    ablation: CircuitAblation,
    reference: Reference,
    metric: str,
) -> Task:
    """What a circuit is judged by.

    Raises:
        ClaimError: for something that is no circuit, an ablation that there is not, or one that
            edges cannot have.
    """
    if not isinstance(circuit, ModelCircuit):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ClaimError(
            f'this is a claim about a circuit: model.circuit(["L5H1", "L11H3"]); got {circuit!r}.'
        )
    if ablation not in ("corrupt", "mean", "zero"):
        raise ClaimError(f'ablation is "corrupt", "mean" or "zero"; got {ablation!r}.')
    if circuit.circuit.among == "edges" and ablation != "corrupt":
        raise ClaimError(
            f'edges carry what the corrupt twin has: ablation is "corrupt"; got {ablation!r}.'
        )
    layers, heads = circuit.size
    chosen = circuit.circuit
    return Task(metric_of(metric), on, ablation, reference, chosen, layers, heads)
