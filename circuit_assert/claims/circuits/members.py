"""Claims about every member of a circuit: that none is too much, and that none is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.circuit_files import circuit_of
from circuit_assert.circuits import Circuit, Member, ModelCircuit, ends, ordered
from circuit_assert.claims.ablations import Metric
from circuit_assert.claims.circuits.random_circuits import outside
from circuit_assert.claims.circuits.task import CircuitAblation, Reference, Task, task_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of, any_of
from circuit_assert.claims.families import EveryCell
from circuit_assert.claims.families import Member as Cell
from circuit_assert.claims.quantities import Absolute, CannotTell, Mean, Measured, Quantity
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above, below

_WANG = "Wang et al. 2022, arXiv:2211.00593, §4"
_INFLATED = 8  # circuits with a random member more
_LEAST_INFLATED = 2


@claim("Every member of {circuit} matters by {by}", source=_WANG)
def circuit_is_minimal(
    circuit: ModelCircuit,
    *,
    on: Prompts,
    by: float = 0.01,
    beside: Mapping[str, Sequence[str]] | None = None,
    ablation: CircuitAblation = "corrupt",
    reference: Reference = None,
    metric: Metric = "logit difference",
) -> EveryCell:
    """Taking any one member out of the circuit changes what it scores alone by more than `by`.

    The change, up or down, is a share of what there is to explain. Each member is judged as a claim
    of its own, at α: all must hold, so that no correction is needed to support it; it is refuted
    where one is, at α over their number. Control for each: its change is larger than that of random
    members of the same layers, added to the circuit and taken out again.

    Args:
        circuit: Nodes or edges.
        on: Prompts with answers, and corrupt twins of the same length for "corrupt".
        by: Smallest change that counts. Default 0.01 (Wang et al. 2022: 1 % of the score).
        beside: Member → others taken out before it, for members that back each other up:
            `{"L9H9": ["L10H0", "L9H6"]}` asks what L9H9 is for once those are gone.
        ablation: As in `circuit_is_sufficient`; likewise `reference` and `metric`.
        reference: Whose activations give means.
        metric: "logit difference" or "centred logit".

    Raises:
        ClaimError: for an unknown ablation or metric, or `beside` with what is no member.

    Example:
        >>> from circuit_assert import Session, circuit_is_minimal
        >>> from circuit_assert.models.planted_models import lookup_model, lookup_prompts
        >>> model = Session().model(lookup_model())
        >>> prompts = lookup_prompts(per_template=2)
        >>> circuit = model.circuit(["L1H0", "L1H2", "L1H3"])
        >>> beside = {"L1H2": ["L1H3"], "L1H3": ["L1H2"]}
        >>> claim = circuit_is_minimal(circuit, on=prompts, beside=beside)
        >>> print(claim.check().verdict)
        supported
    """
    task = task_of(circuit, on, ablation, reference, metric)
    gone = _gone_before(circuit.circuit, beside or {})
    inflation = Inflation(task, circuit.circuit)
    cells = [
        Cell(
            ends(member)[0],
            _matters(member, gone[member], task, inflation, by, circuit),
            str(member),
        )
        for member in circuit.circuit
    ]
    words = f"Every member of {circuit} matters by {by:g}"
    return _every(cells, on, words, {"by": f"{by:g}"})


@claim("{circuit} is complete within {within}", source=_WANG)
def circuit_is_complete(
    circuit: ModelCircuit,
    *,
    on: Prompts,
    within: float,
    halves: int = 8,
    seed: int = 0,
    ablation: CircuitAblation = "corrupt",
    reference: Reference = None,
    metric: Metric = "logit difference",
) -> EveryCell:
    """Whatever is taken out of the circuit, the model loses as much as the circuit alone.

    For each of some sets of members: the score of the circuit alone without them minus that of the
    whole model without them, as a share of what there is to explain, lies within `within` of zero.
    A circuit that leaves out backups is as good as the model until what they back up is gone. The
    sets are none, each member, and random halves; the worst of all sets may be worse.

    Args:
        circuit: Nodes or edges.
        on: Prompts with answers, and corrupt twins of the same length for "corrupt".
        within: Largest difference that does not count, as a share.
        halves: How many random halves. Default 8.
        seed: What they are drawn with.
        ablation: As in `circuit_is_sufficient`; likewise `reference` and `metric`.
        reference: Whose activations give means.
        metric: "logit difference" or "centred logit".

    Raises:
        ClaimError: for an unknown ablation or metric.

    Published:
        Wang et al. found sets on which their circuit is off by up to 87 % of the score.

    Example:
        >>> from circuit_assert import Session, circuit_is_complete
        >>> from circuit_assert.models.planted_models import lookup_model, lookup_prompts
        >>> model = Session().model(lookup_model())
        >>> prompts = lookup_prompts(per_template=2)
        >>> circuit = model.circuit(["L1H0", "L1H2", "L1H3"])
        >>> claim = circuit_is_complete(circuit, on=prompts, within=0.1)
        >>> print(claim.check().verdict)
        supported
    """
    task = task_of(circuit, on, ablation, reference, metric)
    first = ends(next(iter(circuit.circuit)))[0]
    cells = [
        Cell(first, _complete(gone, task, within, circuit).of(f"[{name}]"), name)
        for name, gone in _sets(circuit.circuit, halves, seed).items()
    ]
    words = f"{circuit} is complete within {within:g}"
    return _every(cells, on, words, {"within": f"{within:g}"})


def _matters(  # noqa: PLR0917 - one call
    member: Member,
    gone: frozenset[Member],
    task: Task,
    inflation: Inflation,
    by: float,
    circuit: ModelCircuit,
) -> Body:
    left = circuit.circuit.without(gone)
    change = task.alone(left) - task.alone(left.without([member]))
    owner = circuit.model
    words = "share of the score that goes with it"
    return all_of(
        any_of(
            Criterion("lost", task.share(change, by), above(by), words, "share", owner),
            Criterion("gained", task.share(change, -by), below(-by), words, "share", owner),
        ),
        guards=[
            Criterion(
                "not redundant",
                replace(inflation, change=change),
                above(0.0),
                "its absolute effect minus that of random members more",
                "logits",
                owner,
            )
        ],
        gate=task.gate(owner),
    ).of(f"[{member}]")


def _complete(gone: Sequence[Member], task: Task, within: float, circuit: ModelCircuit) -> Body:
    taken = Circuit(frozenset(gone), circuit.circuit.among)
    difference = task.alone(circuit.circuit.without(gone)) - task.without(taken)
    words = "score of the circuit without them minus that of the model without them"
    return all_of(
        *task.within(difference, within, words, circuit.model),
        gate=task.gate(circuit.model),
    )


@dataclass(frozen=True)
class Inflation(Quantity):
    """A change's absolute size minus the mean of those that random members more make.

    Args:
        task: What is scored.
        circuit: The circuit that is inflated.
        change: The change.
    """

    task: Task
    circuit: Circuit
    change: Quantity | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of the change and of the inflated circuits."""
        return [r for quantity in (self._own, *self._of_others()) for r in quantity.needs(scores)]

    def measured(self, scores: Scores) -> Measured:
        """The difference, unit by unit.

        Raises:
            CannotTell: when the circuit's layers hold nothing to inflate it with.
        """
        others = self._of_others()
        if len(others) < _LEAST_INFLATED:
            raise CannotTell(
                f"the circuit's layers hold {len(others)} members that it does not have; "
                f"{_LEAST_INFLATED} are needed for the control"
            )
        own = Absolute(self._own)
        found = (own - Mean(tuple(Absolute(other) for other in others))).measured(scores)
        return found.with_note(f"inflated with {', '.join(map(str, self._added()))}")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the change."""
        return self._own.noise(scores, floor_of)

    @property
    def _own(self) -> Quantity:
        return self.task.span if self.change is None else self.change

    def _added(self) -> list[Member]:
        return outside(self.circuit, self.task.layers, self.task.heads, count=_INFLATED)

    def _of_others(self) -> list[Quantity]:
        alone = self.task.alone(self.circuit)
        return [
            self.task.alone(self.circuit.with_also([m]), control=True) - alone
            for m in self._added()
        ]


def _gone_before(
    circuit: Circuit, beside: Mapping[str, Sequence[str]]
) -> dict[Member, frozenset[Member]]:
    """Member → what is taken out before it.

    Raises:
        ClaimError: for what is no member, or a member beside itself.
    """
    gone: dict[Member, frozenset[Member]] = dict.fromkeys(circuit, frozenset())
    for address, others in beside.items():
        taken = circuit_of(others, circuit.among).members if others else frozenset[Member]()
        for member in circuit_of([address], circuit.among):
            strange = [str(m) for m in (member, *ordered(taken)) if m not in circuit.members]
            if strange or member in taken:
                what = f"{strange[0]} is no member" if strange else f"{member} is beside itself"
                raise ClaimError(f"beside= names members and others to take out first: {what}.")
            gone[member] = taken
    return gone


def _sets(circuit: Circuit, halves: int, seed: int) -> dict[str, list[Member]]:
    """What is taken out, by what evidence calls it."""
    members = list(circuit)
    generator = np.random.default_rng([seed, len(members)])
    sets: dict[str, list[Member]] = {"without none": []}
    sets |= {f"without {member}": [member] for member in members}
    for _ in range(halves if len(members) > 2 else 0):
        chosen = generator.permutation(len(members))[: len(members) // 2]
        half = ordered(members[i] for i in chosen)
        sets[f"without {', '.join(map(str, half))}"] = half
    return sets


def _every(
    cells: Sequence[Cell],
    on: Prompts,
    words: str,
    said: Mapping[str, str],
) -> EveryCell:
    return EveryCell(
        words=words,
        arguments=said,
        source=_WANG,
        on=on,
        these=tuple(cells),
        others=(),
        grid=(on,),
    )
