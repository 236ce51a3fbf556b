"""From a claim's criteria and a model's scores to its verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from circuit_assert import stats
from circuit_assert.claims.claim import Claim
from circuit_assert.claims.criteria import (
    AllOf,
    AnyOf,
    Body,
    Criterion,
    Fact,
    Found,
    Node,
    Question,
    leaves_of,
)
from circuit_assert.claims.quantities import (
    CannotTell,
    DoesNotApply,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
)
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.execution.known import Known
from circuit_assert.measurements.base import AnyRequest, Request, WeightRequest
from circuit_assert.stats import Verdict
from circuit_assert.unit_texts import unit_scores

_INTERVENTIONS = 4  # in words, of each criterion
_NOT_MEASURED = "not measured: the claim is decided without it"


class Case:
    """One claim before its court: what it still needs, and what follows from what is known.

    Weights come before observations, these before interventions, primaries before guards, and
    nothing is measured that can no longer change the verdict. What a criterion is about is worked
    out once: when all that it needs has been measured, nothing measured later changes it.

    Args:
        body: What the claim rests on.
        known: The model's scores.
        alpha: The false-pass rate.
        refute_alpha: The rate of false refutations, where it is another one.
    """

    def __init__(
        self, body: Body, known: Known, alpha: float, refute_alpha: float | None = None
    ) -> None:
        self._body, self._known, self._alpha = body, known, alpha
        self._refute_alpha = alpha if refute_alpha is None else refute_alpha
        self._last: tuple[tuple[str | None, ...], stats.Judgement] | None = None
        self._noise = 0.0
        self._floors: dict[str, float] = {}
        self._lacking: dict[str, str | None] = {}  # of what has all that it needs
        self._answers: dict[str, Found] = {}
        self._measured: dict[str, Measured] = {}
        self._samples: dict[str, stats.Sample | stats.JackknifeSample] = {}
        self._notes: dict[str, tuple[str, ...]] = {}

    def missing(self) -> list[AnyRequest]:
        """The requests to measure next; none when the claim can be judged."""
        primaries = self._missing_of([self._body.gate, self._body.primaries])
        from_weights = [r for r in primaries if isinstance(r, WeightRequest)]
        if from_weights:
            return [*from_weights]
        observations = [r for r in primaries if isinstance(r, Request) and r.under is None]
        if observations:
            return [] if self._refuted() else [*observations, *self._in_passing(observations)]
        if primaries:
            gate = self._missing_of([self._body.gate])
            return gate or ([] if self._settled() else primaries)
        if self._settled() or not self._primaries_hold():
            return []
        return self._missing_of_guards()

    def _missing_of_guards(self) -> list[AnyRequest]:
        """Observations first; no intervention once a guard has failed without it."""
        wanted = self._missing_of(self._body.guards)
        seen = [r for r in wanted if not isinstance(r, Request) or r.under is None]
        if seen:
            return seen
        measured = [leaf for leaf in self._guards() if self._blocked(leaf) is None]
        holds = self._judge(self._tree(measured)).verdict is Verdict.SUPPORTED
        return wanted if holds else []

    def _guards(self) -> list[Criterion | Fact]:
        return [leaf for guard in self._body.guards for leaf in leaves_of(guard)]

    def _in_passing(self, observations: list[Request]) -> list[Request]:
        """What guards will want of the same prompts: it costs little while they run anyway."""
        running = {(request.on, request.side) for request in observations}
        wanted = self._missing_of(self._body.guards)
        return [
            r
            for r in wanted
            if isinstance(r, Request) and r.under is None and (r.on, r.side) in running
        ]

    def _refuted(self) -> bool:
        return self.judged().verdict is Verdict.REFUTED

    def _primaries_hold(self) -> bool:
        alone = self._judge(self._tree([]))
        return alone.verdict is Verdict.SUPPORTED

    def _settled(self) -> bool:
        judged = self.judged()
        closed = judged.gated is not None and not self._awaits_gate(judged)
        return closed or judged.verdict is Verdict.REFUTED

    def _awaits_gate(self, judged: stats.Judgement) -> bool:
        """Whether a gate is still to be measured, and none that has been is closed."""
        gates = leaves_of(self._body.gate)
        known = {leaf.name for leaf in gates if self._blocked(leaf) != _NOT_MEASURED}
        closed = [p for p in judged.parts if p.name in known and p.verdict is not Verdict.SUPPORTED]
        return len(known) < len(gates) and not closed

    def _missing_of(self, nodes: Iterable[Node | None]) -> list[AnyRequest]:
        wanted = {
            request: None
            for node in nodes
            for leaf in leaves_of(node)
            for request in _source(leaf).needs(self._known)
        }
        return [request for request in wanted if request not in self._known]

    def judged(self) -> stats.Judgement:
        """What follows from what is known so far; worked out anew only when more is known."""
        lacking = tuple(self._blocked(leaf) for _, leaf in self._body.leaves())
        if self._last is None or self._last[0] != lacking:
            self._last = lacking, self._judge(self.tree())
        return self._last[1]

    def tree(self) -> stats.AllOf:
        """Its criteria with what is known of them, as a part of a larger whole."""
        return self._tree(self._guards())

    def stands(self) -> bool:
        """Whether nothing that could still be measured would refute it."""
        primaries = self._missing_of([self._body.gate, self._body.primaries])
        return not self._refuted() and (not primaries or self._settled())

    def _judge(self, tree: stats.Node) -> stats.Judgement:
        return stats.judge(tree, self._alpha, self._refute_alpha)

    def _tree(self, guards: Iterable[Criterion | Fact]) -> stats.AllOf:
        controls: list[stats.Control] = []
        if self._body.gate is not None:
            controls += [self._control(leaf, "gate") for leaf in leaves_of(self._body.gate)]
        controls += [self._control(leaf, "guard") for leaf in guards]
        primaries = self._body.primaries
        parts = primaries.parts if isinstance(primaries, AllOf) else (primaries,)
        return stats.AllOf((*controls, *(self._node(part) for part in parts)))

    def _node(self, node: Node) -> stats.Node:
        match node:
            case AllOf(parts):
                return stats.AllOf(tuple(self._node(part) for part in parts))
            case AnyOf(parts):
                return stats.AnyOf(tuple(self._node(part) for part in parts))
            case Criterion():
                return self._criterion(node)
            case Fact():
                return self._fact(node)

    def _criterion(self, leaf: Criterion) -> stats.Node:
        blocked = self._blocked(leaf)
        if blocked is not None:
            return stats.Settled(leaf.name, Verdict.INCONCLUSIVE, blocked)
        try:
            sample = self._sample(leaf)
        except (CannotTell, DoesNotApply) as reason:
            return stats.Settled(leaf.name, Verdict.INCONCLUSIVE, str(reason))
        return stats.Criterion(leaf.name, sample, leaf.region, self._floor(leaf))

    def _fact(self, leaf: Fact) -> stats.Node:
        blocked = self._blocked(leaf)
        if blocked is not None:
            return stats.Settled(leaf.name, Verdict.INCONCLUSIVE, blocked)
        found = self._answer(leaf)
        verdicts = {True: Verdict.SUPPORTED, False: Verdict.REFUTED, None: Verdict.INCONCLUSIVE}
        return stats.Settled(leaf.name, verdicts[found.holds], found.words)

    def _control(self, leaf: Criterion | Fact, role: str) -> stats.Control:
        kind = stats.Gate if role == "gate" else stats.Guard
        blocked = self._blocked(leaf)
        if blocked is not None:
            return kind.of(leaf.name, None, blocked)
        if isinstance(leaf, Fact):
            found = self._answer(leaf)
            return kind.of(leaf.name, found.holds, found.words, p_value=found.p_value)
        failed = f"the control fails: {leaf.words} is not {leaf.region}"
        if role == "gate":
            lacking = leaf.otherwise or "the model does not do the task"
            failed = f"{lacking}: {leaf.words} is not {leaf.region}"
        try:
            sample = self._sample(leaf)
        except CannotTell as reason:
            return kind.of(leaf.name, None, str(reason))
        except DoesNotApply as reason:
            return kind.of(leaf.name, True, str(reason))
        return kind(leaf.name, sample, leaf.region, self._floor(leaf), failed)

    def _answer(self, leaf: Fact) -> Found:
        if leaf.name not in self._answers:
            found = self._answers[leaf.name] = leaf.question.answer(self._known, self._alpha)
            self._notes[leaf.name] = found.notes
        return self._answers[leaf.name]

    def _blocked(self, leaf: Criterion | Fact) -> str | None:
        """Why a criterion cannot be judged: not measured, or nothing could be."""
        if leaf.name not in self._lacking:
            lacking = self._lack(leaf)
            if lacking == _NOT_MEASURED:
                return lacking
            self._lacking[leaf.name] = lacking
        return self._lacking[leaf.name]

    def _lack(self, leaf: Criterion | Fact) -> str | None:
        for request in _source(leaf).needs(self._known):
            if request not in self._known:
                return _NOT_MEASURED
            failure = self._known.failure(request)
            if failure is not None:
                return failure
        return None

    def _sample(self, leaf: Criterion) -> stats.Sample | stats.JackknifeSample:
        if leaf.name not in self._samples:
            measured = leaf.quantity.measured(self._known)
            self._notes[leaf.name] = measured.notes
            if isinstance(measured, MeasuredStatistic):
                sample = stats.JackknifeSample(measured.statistic, measured.clusters)
            else:
                self._measured[leaf.name] = measured
                sample = _as_sample(measured)
            self._samples[leaf.name] = sample
        return self._samples[leaf.name]

    def _floor(self, leaf: Criterion) -> float:
        """How far the engine's own choices move what the criterion is about, in its unit."""
        if leaf.name not in self._floors:
            floor = leaf.quantity.noise(self._known, self._known.noise_floor)
            self._floors[leaf.name] = floor
            self._noise = max(self._noise, floor)
        return self._floors[leaf.name]

    def evidence(self, claim: Claim, *, seconds: float, runs: int, reused: int) -> Evidence:
        """What was found, and what follows."""
        judged = self.judged()
        leaves = self._body.leaves()
        by_name = {part.name: part for part in judged.parts}
        findings = [self._finding(role, leaf, by_name[leaf.name]) for role, leaf in leaves]
        spec = self._known.spec
        return Evidence(
            claim_id=claim.id,
            kind=claim.kind,
            sentence=claim.sentence,
            model=claim.model.name,
            verdict=judged.verdict,
            reason=judged.reason,
            findings=tuple(findings),
            arguments=claim.arguments,
            false_pass_rate=self._alpha,
            p_value=judged.p_value,
            fingerprint=self._known.fingerprint,
            dtype=spec.dtype,
            device=spec.place(),
            source=claim.source,
            seconds=seconds,
            runs=runs,
            reused=reused,
            noise_floor=self._noise,
        )

    def _finding(self, role: str, leaf: Criterion | Fact, part: stats.Part) -> Finding:
        region = f" {leaf.region}" if isinstance(leaf, Criterion) else ""
        finding = Finding(
            name=leaf.name,
            role=role,
            expected=f"{leaf.words}{region}",
            verdict=part.verdict,
            reason=part.reason,
            unit=leaf.unit,
            p_value=part.p_value,
            notes=self._notes.get(leaf.name, ()),
            region=region.strip(),
            interventions=_interventions(leaf, self._known),
        )
        if part.assessment is None:
            found = self._answers.get(leaf.name)
            number = None if found is None or found.effect is None else _finite(found.effect)
            return replace(finding, value=number, others=found.others if found else ())
        measured = self._measured.get(leaf.name)
        shown = part.assessment
        used = shown.refutation if part.verdict is Verdict.REFUTED else shown.estimate
        return replace(
            finding,
            effect=_finite(used.effect),
            low=_finite(used.low),
            high=_finite(used.high),
            estimand=used.estimand,
            method=used.method,
            units=used.units,
            clusters=dict(used.clusters),
            noise_floor=self._floors.get(leaf.name, 0.0),
            detectable=shown.min_detectable_effect,
            clusters_needed=shown.clusters_needed,
            scores=None if measured is None else unit_scores(measured, leaf, self._known),
        )


def _source(leaf: Criterion | Fact) -> Quantity | Statistic | Question:
    return leaf.quantity if isinstance(leaf, Criterion) else leaf.question


def _interventions(leaf: Criterion | Fact, known: Known) -> tuple[str, ...]:
    """What was done to the model for it, in words; much the same many times over is cut short."""
    needed = (request for request in _source(leaf).needs(known) if isinstance(request, Request))
    said = dict.fromkeys(str(request.under) for request in needed if request.under is not None)
    few = list(said)[:_INTERVENTIONS]
    return (*few, *([f"and {len(said) - len(few)} more"] if len(said) > len(few) else []))


def _as_sample(measured: Measured) -> stats.Sample:
    return stats.Sample(measured.values, dict(measured.clusters), binary=measured.binary)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
