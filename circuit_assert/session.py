"""Where claims become evidence: the one module that knows models, runs, statistics and reports."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from circuit_assert.claims.claim import Claim, ClaimKey
from circuit_assert.errors import CircuitAssertError, DiscoveryWarning, ExecutionError, HookError
from circuit_assert.evidence import Evidence
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.spec import ModelSpec, spec_of
from circuit_assert.prompts.halves import overlap
from circuit_assert.stats import Verdict

if TYPE_CHECKING:
    from circuit_assert.claims.quantities import Measured, Quantity
    from circuit_assert.components import Component
    from circuit_assert.execution.cost import Work
    from circuit_assert.execution.known import Known
    from circuit_assert.measurements.base import AnyRequest, Array
    from circuit_assert.prompts.base import Prompts, Tokenizer
    from circuit_assert.remembered import RememberedVerdicts

Observer = Callable[[Claim, Evidence], None]
LEAST_MEMORY = 1 << 26  # bytes


class Session:
    """Judges claims; keeps what was measured, and at most one model's weights.

    Args:
        false_pass_rate: α, at which a false claim may pass.
        device: Where models are loaded when they do not say.
        dtype: What their weights are loaded as when they do not say.
        cache: A folder that keeps scores between runs; None to measure everything anew.
        memory: Bytes that activations may take beside the weights, `LEAST_MEMORY` at least;
            None for as much as is sensible of what is free.
        progress: Called with a text, the rows done and the rows in all.
    """

    def __init__(
        self,
        *,
        false_pass_rate: float = 0.01,
        device: str = "cpu",
        dtype: str = "float32",
        cache: Path | None = None,
        memory: int | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        if not 0 < false_pass_rate < 0.5:
            raise CircuitAssertError(
                f"the false-pass rate is between 0 and 0.5; got {false_pass_rate:g}."
            )
        self.false_pass_rate = false_pass_rate
        if memory is not None and memory < LEAST_MEMORY:
            raise CircuitAssertError(
                f"memory is in bytes, {LEAST_MEMORY:,} of them at least; got {memory:,}."
            )
        self.device, self.dtype, self.memory = device, dtype, memory
        self.on_made: list[Callable[[Claim], None]] = []
        self.on_judged: list[Observer] = []
        self.on_asked: list[Observer] = []
        self._progress, self._cache = progress, cache
        self._known: dict[ModelSpec, Known] = {}
        self._evidence: dict[tuple[ModelSpec, ClaimKey], Evidence] = {}
        self._ahead: set[tuple[ModelSpec, ClaimKey]] = (
            set()
        )  # evidence that nobody has asked for yet
        self._resident: ModelSpec | None = None
        self._found: dict[ModelSpec, dict[tuple[Component, Prompts], None]] = {}

    def model(
        self,
        model: str | Path | PlantedModel,
        *,
        revision: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        memory: str | int | None = None,
    ) -> Model:
        """A handle on a model; its weights load when a claim about it is first judged.

        Args:
            model: A zoo name, a hub name ("owner/name@revision" for a revision), a folder, or a
                planted model.
            revision: Of a hub model.
            device: As "cpu", "cuda:1", "auto" or "cuda:0,cuda:1"; the session's by default.
            dtype: As "float32" or "bfloat16"; the session's by default.
            memory: What loading and measuring it takes at most, as "12GiB" or in bytes; None
                for an estimate. It limits nothing: it says beside what else the model fits.

        Raises:
            ModelError: when a folder cannot be used, or `memory` is no size.
        """
        spec = spec_of(
            model,
            revision=revision,
            device=device or self.device,
            dtype=dtype or self.dtype,
            memory=memory,
        )
        return Model(spec, self)

    def announce(self, claim: Claim) -> None:
        """Take note that a claim was made."""
        for tell in self.on_made:
            tell(claim)

    def asked(self, claim: Claim, evidence: Evidence) -> None:
        """Take note that a claim's truth was asked for."""
        for tell in self.on_asked:
            tell(claim, evidence)

    def discovered(self, model: Model, components: Sequence[Component], on: Prompts) -> None:
        """Take note of components that were found on some prompts, which cannot test them.

        Args:
            model: Whose.
            components: What was found.
            on: The prompts.
        """
        found = self._found.setdefault(model.spec, {})
        found.update(dict.fromkeys((component, on) for component in components))

    def judge(self, claim: Claim) -> Evidence:
        """The evidence for one claim."""
        return self.evaluate([claim])[0]

    def evaluate(self, claims: Iterable[Claim]) -> list[Evidence]:
        """The evidence for several claims, measured together in as few runs as there can be.

        Raises:
            ModelError: when a model cannot be loaded.
            ExecutionError: when a run fails; no tensor is held by what is raised.
        """
        wanted = list(claims)
        self._evaluate_parts([part for claim in wanted for part in claim.parts or (claim,)])
        return [self._of_each_model(claim) or self._evidence_of(claim) for claim in wanted]

    def _evidence_of(self, claim: Claim) -> Evidence:
        return self._evidence[_spec_of(claim), claim.key]

    def _of_each_model(self, claim: Claim) -> Evidence | None:
        """The evidence for a claim about several models, from that for each."""
        if not claim.parts:
            return None
        from circuit_assert.model_cases import evidence_of

        key = _spec_of(claim.parts[-1]), claim.key
        if key not in self._evidence:
            found = [self._evidence_of(part) for part in claim.parts]
            self._evidence[key] = evidence_of(claim, found, self._strictly)
        for tell in self.on_judged:
            tell(claim, self._evidence[key])
        return self._evidence[key]

    def _strictly(self, claim: Claim, alpha: float) -> Verdict:
        """The verdict at a smaller rate than α; what it needs besides is measured."""
        from circuit_assert.family_cases import case_of

        remembered = self._verdicts(_spec_of(claim), alpha)
        evidence = remembered.get(claim)
        if evidence is None:
            known = self._loaded(_spec_of(claim))
            case = case_of(claim.body, known, alpha)
            while missing := case.missing():
                self._run(known, missing)
            evidence = case.evidence(claim, seconds=0.0, runs=0, reused=0)
            remembered.put(claim, evidence)
        return evidence.verdict

    def _verdicts(self, spec: ModelSpec, alpha: float) -> RememberedVerdicts:
        """Those of earlier runs on a model."""
        from circuit_assert.remembered import RememberedVerdicts

        return RememberedVerdicts(self._recognised(spec), alpha)

    def _recognised(self, spec: ModelSpec) -> Known:
        """A model whose earlier runs can be recalled: loaded, where its files do not tell it."""
        known = self._known_of(spec)
        return known if known.recognise() else self._loaded(spec)

    def _evaluate_parts(self, claims: Iterable[Claim]) -> list[Evidence]:
        wanted = [(_spec_of(claim), claim) for claim in claims]
        for spec, new in self._unknown(wanted).items():
            self._evaluate_ahead(spec, new)
        found = [self._delivered(spec, claim) for spec, claim in wanted]
        for (_, claim), evidence in zip(wanted, found, strict=True):
            for tell in self.on_judged:
                tell(claim, evidence)
        return found

    def prefetch(self, claims: Iterable[Claim]) -> None:
        """Measure for claims together, before anyone asks for them; nobody is told of verdicts.

        A claim that cannot be judged is left out, without a word: whoever judges it meets the
        error. It costs the others nothing but another try.

        Args:
            claims: About any number of models; each model is loaded once.
        """
        parts = [part for claim in claims for part in claim.parts or (claim,)]
        for spec, new in self._unknown([(_spec_of(part), part) for part in parts]).items():
            self._prefetch(spec, new)

    def _prefetch(self, spec: ModelSpec, claims: Sequence[Claim]) -> None:
        """All together; where that fails, halves of them, unless it is the model that fails."""
        try:
            self._evaluate_ahead(spec, claims)
        except Exception:
            half = len(claims) // 2 if self._known_of(spec).recognise() else 0
            for part in (claims[:half], claims[half:]) if half else ():
                self._prefetch(spec, part)

    def _unknown(self, wanted: Iterable[tuple[ModelSpec, Claim]]) -> dict[ModelSpec, list[Claim]]:
        """The claims without evidence, each once, by model."""
        by_model: dict[ModelSpec, dict[ClaimKey, Claim]] = {}
        for spec, claim in wanted:
            key = claim.key
            if (spec, key) not in self._evidence:
                by_model.setdefault(spec, {}).setdefault(key, claim)
        return {spec: list(new.values()) for spec, new in by_model.items()}

    def _evaluate_ahead(self, spec: ModelSpec, claims: Sequence[Claim]) -> None:
        self._evaluate_one_model(spec, claims)
        self._ahead.update((spec, claim.key) for claim in claims)

    def _delivered(self, spec: ModelSpec, claim: Claim) -> Evidence:
        """The evidence, with notes on what was discovered before it was first asked for."""
        key = spec, claim.key
        if key in self._ahead:
            evidence, notes = self._evidence[key], self._found_there(spec, claim)
            self._evidence[key] = replace(evidence, notes=(*evidence.notes, *notes))
            self._ahead.remove(key)
        return self._evidence[key]

    def measure(self, model: Model, requests: Sequence[AnyRequest]) -> list[Array]:
        """Plain scores, without a claim: for looking around before one is made.

        Args:
            model: Whose.
            requests: What to measure.

        Returns:
            One array per request, `[unit, ...]`; they are kept for claims that need them.

        Raises:
            ModelError: when the model cannot be loaded.
            ExecutionError: when a run fails.
        """
        known = self._loaded(model.spec)
        self._run(known, requests)
        return [known[request] for request in requests]

    def explore(self, model: Model) -> Callable[[Quantity], Measured]:
        """A way to measure quantities that leaves nothing behind, for searches over prompts.

        Args:
            model: Whose.

        Returns:
            A function from a quantity to its value. It remembers what it has measured; the session
            and its cache do not. It raises `HookError` where an intervention changes nothing.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        known = self._loaded(model.spec).apart()

        def measure(quantity: Quantity) -> Measured:
            while missing := [r for r in quantity.needs(known) if r not in known]:
                self._run(known, missing)
            failures = (known.failure(request) for request in quantity.needs(known))
            if failure := next((words for words in failures if words is not None), None):
                raise HookError(failure)
            return quantity.measured(known)

        return measure

    def remembered(
        self, model: Model, given: tuple[object, ...], make: Callable[[], bytes]
    ) -> bytes:
        """What is made of a model, or was by an earlier run with the same code: kept in the cache.

        Args:
            model: Of which; told by its weights.
            given: All else that it depends on; prompts are told by their tokens.
            make: Makes it anew, where there is no cache, or something given that only its owner
                can tell from others.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        if self._cache is None:
            return make()
        recall = self._recognised(model.spec).recall
        key = recall.text_key(model.name, *given) if recall else None
        if recall is None or key is None:
            return make()
        made = recall.made(key)
        if made is None:
            made = make()
            recall.put_made(made, key)
        return made

    def tokenizer(self, model: Model) -> Tokenizer:
        """A model's tokenizer.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        return self._loaded(model.spec).weights.tokenizer

    def _evaluate_one_model(self, spec: ModelSpec, claims: Sequence[Claim]) -> None:
        remembered = self._verdicts(spec, self.false_pass_rate)
        new: list[Claim] = []
        for claim in claims:
            evidence = remembered.get(claim)
            if evidence is None:
                new.append(claim)
            else:
                self._evidence[spec, claim.key] = evidence
        if new:
            self._judge_anew(self._loaded(spec), new)
        for claim in new:
            remembered.put(claim, self._evidence[spec, claim.key])

    def _judge_anew(self, known: Known, claims: Sequence[Claim]) -> None:
        from circuit_assert.family_cases import case_of

        started = time.perf_counter()
        cases = [case_of(claim.body, known, self.false_pass_rate) for claim in claims]
        runs, reused = known.runs, known.reused
        while True:
            missing = {request: None for case in cases for request in case.missing()}
            if not missing:
                break
            self._run(known, list(missing))
        seconds = (time.perf_counter() - started) / len(claims)
        shared = {"runs": known.runs - runs, "reused": known.reused - reused}
        for claim, case in zip(claims, cases, strict=True):
            evidence = case.evidence(claim, seconds=seconds, **shared)
            self._evidence[known.spec, claim.key] = evidence
            shared = {"runs": 0, "reused": 0}  # counted for the first of them

    def _found_there(self, spec: ModelSpec, claim: Claim) -> list[str]:
        """A warning of each component that was found on the prompts it is now tested on."""
        words = [
            f"{component} was found on {searched.name}, and {on.name} shares prompts with it: what "
            f"is chosen there passes there too often. Test it on the other half, .half('test')."
            for component, searched in self._found.get(spec, {})
            for on in claim.on
            if component in claim.about and overlap(on, searched)
        ]
        for each in words:
            warnings.warn(f"{claim.sentence}: {each}", DiscoveryWarning, stacklevel=2)
        return words

    def _run(self, known: Known, requests: Sequence[AnyRequest]) -> None:
        failure: CircuitAssertError | None = None
        try:
            known.run(requests)
        except CircuitAssertError as problem:
            failure = problem.with_traceback(None)
        except (RuntimeError, MemoryError) as problem:
            failure = _without_tensors(problem)
        if failure is not None:  # raised here, so that no frame that holds tensors leaves
            raise failure

    def _known_of(self, spec: ModelSpec) -> Known:
        from circuit_assert.execution.known import Known

        if spec not in self._known:
            self._known[spec] = Known(spec, self._progress, self._cache, self.memory)
        return self._known[spec]

    def _loaded(self, spec: ModelSpec) -> Known:
        if self._resident is not None and self._resident != spec:
            self._unload(self._resident)
        self._known_of(spec).load()
        self._resident = spec
        return self._known[spec]

    def work(self) -> Work:
        """What has been done so far, over all models."""
        from circuit_assert.execution.cost import Work

        return sum((known.work for known in self._known.values()), Work())

    def forget(self) -> None:
        """Forget scores and evidence, not the loaded weights: the next claims measure anew."""
        if self._resident is not None:
            self._known = {self._resident: self._known[self._resident].apart()}
        self._evidence.clear()

    def close(self) -> None:
        """Free the loaded model; scores and evidence stay."""
        if self._resident is not None:
            self._unload(self._resident)

    def _unload(self, spec: ModelSpec) -> None:
        self._known[spec].unload()
        self._resident = None


def _spec_of(claim: Claim) -> ModelSpec:
    assert isinstance(claim.model, Model)  # noqa: S101 - claims are made from handles
    return claim.model.spec


def _without_tensors(problem: Exception) -> ExecutionError:
    """The same failure with its traceback as text: no frame, and so no tensor, is kept alive."""
    import traceback

    failure = ExecutionError(f"a run of the model failed: {problem}")
    failure.add_note("".join(traceback.format_exception(problem)))
    return failure


_sessions: list[Session] = []


def default_session() -> Session:
    """The session of `circuit_assert.model(…)`, made at first use."""
    if not _sessions:
        _sessions.append(Session())
    return _sessions[0]


def model(
    name: str | Path | PlantedModel,
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    memory: str | int | None = None,
) -> Model:
    """A handle on a model in the default session, for notebooks and scripts.

    Args:
        name: A zoo name, a hub name ("owner/name@revision" for a revision), a folder, or a planted
            model.
        revision: Of a hub model.
        device: As "cpu" (the default), "cuda:1", "auto" or "cuda:0,cuda:1".
        dtype: As "float32" (the default) or "bfloat16".
        memory: What loading and measuring it takes at most, as "12GiB" or in bytes.

    Raises:
        ModelError: when a folder cannot be used, or `memory` is no size.
    """
    return default_session().model(
        name, revision=revision, device=device, dtype=dtype, memory=memory
    )
