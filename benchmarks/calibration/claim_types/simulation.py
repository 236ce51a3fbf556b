"""Judging the instances of every case, a model at a time."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.calibration.claim_types.ablations import CASES as _ABLATIONS
from benchmarks.calibration.claim_types.attention import CASES as _ATTENTION
from benchmarks.calibration.claim_types.backups import CASES as _BACKUPS
from benchmarks.calibration.claim_types.bases import CASES as _BASES
from benchmarks.calibration.claim_types.case import Case
from benchmarks.calibration.claim_types.circuits import CASES as _CIRCUITS
from benchmarks.calibration.claim_types.composition import CASES as _COMPOSITION
from benchmarks.calibration.claim_types.confidence import CASES as _CONFIDENCE
from benchmarks.calibration.claim_types.contexts import CASES as _CONTEXTS
from benchmarks.calibration.claim_types.copy_suppression import CASES as _COPY_SUPPRESSION
from benchmarks.calibration.claim_types.detokenizing import CASES as _DETOKENIZING
from benchmarks.calibration.claim_types.detokenizing_layers import CASES as _DETOKENIZING_LAYERS
from benchmarks.calibration.claim_types.dictionary_features import CASES as _DICTIONARY_FEATURES
from benchmarks.calibration.claim_types.direct_effects import CASES as _DIRECT_EFFECTS
from benchmarks.calibration.claim_types.emergence import CASES as _EMERGENCE
from benchmarks.calibration.claim_types.existence import CASES as _EXISTENCE
from benchmarks.calibration.claim_types.explanations import CASES as _EXPLANATIONS
from benchmarks.calibration.claim_types.features import CASES as _FEATURES
from benchmarks.calibration.claim_types.heads import CASES as _HEADS
from benchmarks.calibration.claim_types.inhibition import CASES as _INHIBITION
from benchmarks.calibration.claim_types.languages import CASES as _LANGUAGES
from benchmarks.calibration.claim_types.localization import CASES as _LOCALIZATION
from benchmarks.calibration.claim_types.monosemantic import CASES as _MONOSEMANTIC
from benchmarks.calibration.claim_types.name_movers import CASES as _NAME_MOVERS
from benchmarks.calibration.claim_types.neurons import CASES as _NEURONS
from benchmarks.calibration.claim_types.next_token import CASES as _NEXT_TOKEN
from benchmarks.calibration.claim_types.ov_circuits import CASES as _OV_CIRCUITS
from benchmarks.calibration.claim_types.patching import CASES as _PATCHING
from benchmarks.calibration.claim_types.qk_circuits import CASES as _QK_CIRCUITS
from benchmarks.calibration.claim_types.repairs import CASES as _REPAIRS
from benchmarks.calibration.claim_types.residual_stream import CASES as _RESIDUAL_STREAM
from benchmarks.calibration.claim_types.retokenizing import CASES as _RETOKENIZING
from benchmarks.calibration.claim_types.scrubbing import CASES as _SCRUBBING
from benchmarks.calibration.claim_types.sinks import CASES as _SINKS
from benchmarks.calibration.claim_types.steering import CASES as _STEERING
from benchmarks.calibration.claim_types.subspaces import CASES as _SUBSPACES
from benchmarks.calibration.claim_types.succession import CASES as _SUCCESSION
from benchmarks.calibration.claim_types.superposition import CASES as _SUPERPOSITION
from benchmarks.calibration.claim_types.universality import CASES as _UNIVERSALITY
from benchmarks.calibration.claim_types.virtual_weights import CASES as _VIRTUAL_WEIGHTS
from benchmarks.calibration.claim_types.vocabulary_neurons import CASES as _VOCABULARY_NEURONS
from circuit_assert.stats import Verdict

CASES: tuple[Case, ...] = (
    *_HEADS,
    *_ATTENTION,
    *_SINKS,
    *_EXISTENCE,
    *_ABLATIONS,
    *_PATCHING,
    *_BACKUPS,
    *_DIRECT_EFFECTS,
    *_CIRCUITS,
    *_SCRUBBING,
    *_INHIBITION,
    *_NAME_MOVERS,
    *_COPY_SUPPRESSION,
    *_SUCCESSION,
    *_REPAIRS,
    *_LOCALIZATION,
    *_NEURONS,
    *_NEXT_TOKEN,
    *_VOCABULARY_NEURONS,
    *_CONFIDENCE,
    *_DETOKENIZING,
    *_DETOKENIZING_LAYERS,
    *_RETOKENIZING,
    *_FEATURES,
    *_DICTIONARY_FEATURES,
    *_EXPLANATIONS,
    *_MONOSEMANTIC,
    *_CONTEXTS,
    *_UNIVERSALITY,
    *_STEERING,
    *_SUPERPOSITION,
    *_LANGUAGES,
    *_OV_CIRCUITS,
    *_QK_CIRCUITS,
    *_COMPOSITION,
    *_VIRTUAL_WEIGHTS,
    *_RESIDUAL_STREAM,
    *_SUBSPACES,
    *_BASES,
    *_EMERGENCE,
)
TYPES = tuple(dict.fromkeys(case.claim_type for case in CASES))
"""The claim types that are judged."""
_PROMISE = 0.04  # 4 α: scores of planted models are skewed
_LEVEL = 0.95


@dataclass(frozen=True)
class Part:
    """What became of the instances of one case that are about one model.

    Args:
        case: Its number.
        judged: How many instances there were.
        supported: How many of them were supported.
        refuted: How many were refuted.
    """

    case: int
    judged: int
    supported: int
    refuted: int


@dataclass(frozen=True)
class Row:
    """What became of the instances of one case.

    Args:
        claim_type: The claim type.
        what: The criterion, or what is true or false.
        kind: "at the bound", "true" or "easy null".
        parts: One for each model.
        promised: Whether the promise covers it.
    """

    claim_type: str
    what: str
    kind: str
    parts: tuple[Part, ...]
    promised: bool = True

    @property
    def instances(self) -> int:
        """How many claims were judged."""
        return sum(part.judged for part in self.parts)

    @property
    def supported(self) -> int:
        """How many were supported."""
        return sum(part.supported for part in self.parts)

    @property
    def refuted(self) -> int:
        """How many were refuted."""
        return sum(part.refuted for part in self.parts)

    @property
    def most_supported(self) -> float:
        """Upper 95 % bound of the share supported, claims about one model being a cluster."""
        return self._bound([part.supported for part in self.parts])

    @property
    def most_refuted(self) -> float:
        """The same of the share refuted."""
        return self._bound([part.refuted for part in self.parts])

    @property
    def kept(self) -> bool:
        """Whether wrong verdicts are compatible with the promise, at one in a thousand."""
        if not self.promised:
            return True
        if self.kind == "true":
            return self._compatible(self.refuted)
        wrong = self.supported if self.kind == "easy null" else max(self.supported, self.refuted)
        return self._compatible(wrong)

    @property
    def record(self) -> dict[str, Any]:
        """The row as plain data."""
        counted = {"instances": self.instances, "supported": self.supported}
        bounds = {"most_supported": self.most_supported, "most_refuted": self.most_refuted}
        return {**asdict(self), **counted, "refuted": self.refuted, **bounds, "kept": self.kept}

    def _compatible(self, wrong: int) -> bool:
        return bool(stats.binom.sf(wrong - 1, self.instances, _PROMISE) > 0.001)

    def _bound(self, counts: list[int]) -> float:
        """The larger of Clopper and Pearson's bound and that of the models' mean, by t."""
        wrong, total = sum(counts), self.instances
        exact = float(stats.beta.ppf(_LEVEL, wrong + 1, total - wrong)) if wrong < total else 1.0
        rates = np.array(counts) / [part.judged for part in self.parts]
        if len(rates) < 2 or max(part.judged for part in self.parts) < 2:
            return exact
        error = float(rates.std(ddof=1)) / np.sqrt(len(rates))
        by_model = float(rates.mean()) + float(stats.t.ppf(_LEVEL, len(rates) - 1)) * error
        return min(1.0, max(exact, by_model))


def parts(instances: int, only: Collection[str] | None = None) -> Iterable[Callable[[], Part]]:
    """Every part of the table, each still to be judged.

    Args:
        instances: Claims of each case, where the case does not ask for fewer.
        only: The claim types that are judged; all by default.
    """
    for number, case in enumerate(CASES):
        if only and case.claim_type not in only:
            continue
        models = min(case.models, round(instances * case.share))
        each = max(1, round(instances * case.share / case.models))
        for seed in range(models):
            yield partial(judge, number, seed, each)


def judge(case: int, seed: int, instances: int) -> Part:
    """Judge claims about one model.

    Args:
        case: Which case.
        seed: Which model.
        instances: How many claims; there may be fewer.
    """
    import warnings

    warnings.filterwarnings("ignore", module="torch|transformer_lens|transformers")
    drawn = islice(CASES[case].claims(seed), instances)
    verdicts = Counter(claim.check().verdict for claim in drawn)
    del drawn
    gc.collect()  # a model is large and in cycles, of which the collector sees few objects
    gc.freeze()  # what is left is imported code: never look at it again
    return Part(case, verdicts.total(), verdicts[Verdict.SUPPORTED], verdicts[Verdict.REFUTED])


def rows(judged: Iterable[Part]) -> list[Row]:
    """The parts of each case together."""
    by_case: dict[int, list[Part]] = {}
    for part in judged:
        by_case.setdefault(part.case, []).append(part)
    return [
        Row(case.claim_type, case.what, case.kind, tuple(by_case[number]), case.promised)
        for number, case in enumerate(CASES)
        if number in by_case
    ]


def rows_of(records: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows from their records, in the order of the table; of two for one case, the later."""
    by_case = {(each["claim_type"], each["what"], each["kind"]): each for each in records}
    return [
        Row(*case, tuple(Part(**part) for part in by_case[case]["parts"]), kept.promised)
        for case, kept in ((_key(kept), kept) for kept in CASES)
        if case in by_case
    ]


def _key(case: Case) -> tuple[str, str, str]:
    return case.claim_type, case.what, case.kind
