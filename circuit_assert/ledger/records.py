"""What the lines of a ledger hold: a record each, with a word on every field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from circuit_assert.evidence import Finding

SCHEMA = 2
"""The version of what is written here. Reading ignores fields and records it does not know."""

Polarity: TypeAlias = Literal["asserted", "denied", "unknown"]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The first line: under what conditions the claims were judged."""

    kind: ClassVar[str] = "run"

    schema: int = SCHEMA
    """Version of the ledger's format."""
    started: str
    """When the run started: UTC, ISO 8601."""
    git_commit: str | None = None
    """Commit of the folder that the tests are in; None outside a repository."""
    git_dirty: bool | None = None
    """Whether tracked files differed from that commit; None outside a repository."""
    versions: dict[str, str] = field(default_factory=dict[str, str])
    """Package → version, with "python"; packages that are not installed are left out."""
    false_pass_rate: float
    """α: the rate at which a false claim may pass."""
    seed: int
    """Seed of the prompt fixtures. Another seed than 0 makes the run a rerun."""
    device: str
    """Where models load when they do not say."""
    dtype: str
    """What their weights load as when they do not say."""
    fail_on: str
    """What fails a run: "inconclusive" (and refuted) or "refuted" alone."""
    options: dict[str, str] = field(default_factory=dict[str, str])
    """Every other option of the run that is about claims, by name; of one that was split between
    machines, also "split", a hash of which test is in which shard."""
    arguments: tuple[str, ...] = ()
    """What pytest was called with."""
    platform: str = ""
    """Operating system and processor."""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model, before the first claim about it."""

    kind: ClassVar[str] = "model"

    model: str
    """Its name."""
    fingerprint: str = ""
    """Hash of its weights, processing and dtype."""
    dtype: str = ""
    """Of the weights."""
    device: str = ""
    """Where it ran."""


@dataclass(frozen=True, kw_only=True)
class ExampleRecord:
    """A unit whose prompt is shown, as one where the effect was smallest or largest."""

    unit: int
    """Its number in the prompt set."""
    value: float
    """What was measured on it, in the finding's unit."""
    text: str = ""
    """How its prompt reads, without its middle when it is long; empty when that is not known."""


@dataclass(frozen=True, kw_only=True)
class FindingRecord:
    """What was found on one criterion of a claim."""

    name: str
    """The criterion: "pattern"."""
    role: str = "primary"
    """"primary", "guard" or "gate"."""
    expected: str = ""
    """What the claim says of it, in words."""
    region: str = ""
    """The region alone: "above 0.4"; empty for a fact, which has no interval."""
    verdict: str = ""
    """The criterion's own: "supported", "refuted" or "inconclusive"."""
    reason: str = ""
    """Why it is inconclusive, or what a fact found."""
    effect: float | None = None
    """The estimate; None when nothing was estimated."""
    low: float | None = None
    """The decision interval's lower end; None when there is none or it is infinite."""
    high: float | None = None
    """The decision interval's upper end; None when there is none or it is infinite."""
    unit: str = ""
    """What the numbers are: "attention", "logits", "nats"."""
    estimand: str = ""
    """Whether the effect is the mean of cluster means or the median cluster."""
    method: str = ""
    """How the interval was made."""
    units: int = 0
    """How many units were measured."""
    clusters: dict[str, int] = field(default_factory=dict[str, int])
    """How many clusters, by name."""
    p_value: float | None = None
    """For "the criterion is not true"."""
    detectable: float | None = None
    """The true effect that would have been supported 8 times in 10."""
    clusters_needed: int | None = None
    """About how many clusters would decide the effect seen."""
    noise_floor: float = 0.0
    """How far the engine's own choices move the effect, in its unit."""
    notes: tuple[str, ...] = ()
    """Prompts dropped, peers used, and the like."""
    value: float | None = None
    """The number behind a fact; None for a criterion with an interval."""
    others: tuple[float, ...] = ()
    """The same number of the peers that it was ranked among, ascending; of many, quantiles."""
    interventions: tuple[str, ...] = ()
    """What was ablated, patched or steered for it, in words."""
    prompts: str = ""
    """The prompt set that its units are of; empty when that is not known."""
    cluster_means: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    """Cluster name → id → mean of its units; a name with more than 400 ids is left out."""
    lowest: tuple[ExampleRecord, ...] = ()
    """Units with the smallest values, the very smallest first."""
    highest: tuple[ExampleRecord, ...] = ()
    """Units with the largest values, the very largest first."""

    @classmethod
    def of(cls, finding: Finding) -> FindingRecord:
        """The record of a finding, without the scores of all units."""
        made: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in finding.record.items()
            if name != "scores"
        } | {"others": _quantiles(finding.others)}
        scores = finding.scores
        if scores is None:
            return cls(**made)
        means = {name: ids for name, ids in scores.cluster_means.items() if len(ids) <= _MOST_IDS}
        return cls(
            **made,
            prompts=scores.prompts,
            cluster_means={n: {i: _short(x) for i, x in ids.items()} for n, ids in means.items()},
            lowest=tuple(ExampleRecord(**each._asdict()) for each in scores.lowest),
            highest=tuple(ExampleRecord(**each._asdict()) for each in scores.highest),
        )


@dataclass(frozen=True, kw_only=True)
class ClaimRecord:
    """A claim's first judgement in a test. There is one per claim and node id."""

    kind: ClassVar[str] = "claim"

    claim_id: str
    """The claim's identity: what it says, of which model, at which α, on which prompts."""
    nodeid: str
    """The test that judged it."""
    claim_type: str = ""
    """The claim function's name."""
    sentence: str = ""
    """The claim in full."""
    words: str = ""
    """The sentence without the model's name."""
    model: str = ""
    """The model's name."""
    fingerprint: str = ""
    """Hash of the model's weights, processing and dtype."""
    verdict: str = ""
    """"supported", "refuted" or "inconclusive"."""
    reason: str = ""
    """Why, in one sentence."""
    findings: tuple[FindingRecord, ...] = ()
    """One per criterion, in the order of the evidence."""
    headline: int | None = None
    """Which finding to show first; None when none has a number."""
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    """What the claim was called with."""
    false_pass_rate: float = 0.0
    """α of this claim."""
    p_value: float | None = None
    """Of the whole claim, for "the claim is not true"; None when it was not worked out."""
    dtype: str = ""
    """Of the weights."""
    device: str = ""
    """Where it ran."""
    source: str = ""
    """The paper it comes from."""
    seconds: float = 0.0
    """How long measuring took; a claim measured before takes as long as it did then."""
    runs: int = 0
    """Forward passes made for it; those it shares count for the claim that was first."""
    reused: int = 0
    """Scores for it that earlier runs had measured; likewise."""
    noise_floor: float = 0.0
    """How far the engine's own choices move a score."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the whole: how a head was chosen, and on which prompts."""
    seed: int = 0
    """Seed of the prompt fixtures."""
    tags: tuple[str, ...] = ()
    """What the test's `claim` markers say."""
    open: str | None = None
    """The reason on the test's `open_claim` marker; None without one."""
    file: str = ""
    """The test's file, seen from the root folder."""
    line: int | None = None
    """Where in it the claim was judged, counted from one; None when that is not known."""
    worker: str = ""
    """Which worker judged it: "gw0"; empty in a run without workers."""
    at: str = ""
    """When: UTC, ISO 8601."""

    @property
    def shown(self) -> FindingRecord | None:
        """The finding to show first."""
        if self.headline is None or self.headline >= len(self.findings):
            return None
        return self.findings[self.headline]


@dataclass(frozen=True, kw_only=True)
class AssertionRecord:
    """Whether a test's assertion of a claim held; written when the test's call ends."""

    kind: ClassVar[str] = "assertion"

    claim_id: str
    """Which claim."""
    nodeid: str
    """In which test."""
    held: bool | None = None
    """Whether what the test asserts of the claim held; None when it cannot be told: the claim
    was only looked at, or is one side of an `or`."""
    polarity: Polarity = "unknown"
    """Whether the test asserts or denies it; "unknown" where verdict and `held` do not tell."""
    outcome: str = ""
    """How the test ended: "passed", "failed", "inconclusive", "open", "settled", "skipped"."""


@dataclass(frozen=True, kw_only=True)
class NotRunRecord:
    """A test of claims that could not run here."""

    kind: ClassVar[str] = "not_run"

    nodeid: str
    """Which test."""
    reason: str
    """What is missing."""


@dataclass(frozen=True, kw_only=True)
class ScoresRecord:
    """The values behind one finding: no line of the ledger, but a Parquet file beside it."""

    kind: ClassVar[str] = "scores"

    claim_id: str
    """Which claim."""
    nodeid: str
    """In which test."""
    criterion: str
    """Which of its criteria."""
    units: tuple[int, ...] = ()
    """`[unit]`, numbers in the prompt set."""
    values: tuple[float | None, ...] = ()
    """`[unit]`, in the finding's unit; None where there is none."""
    clusters: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Cluster name → one id per unit."""


@dataclass(frozen=True, kw_only=True)
class EndRecord:
    """The last line. A run without it was killed."""

    kind: ClassVar[str] = "end"

    ended: str
    """When the run ended: UTC, ISO 8601."""
    exit_status: int
    """What the run exited with."""
    holm: dict[str, float] = field(default_factory=dict[str, float])
    """Claim id → Holm's adjusted p-value over this run's claims. No verdict depends on it."""
    q_values: dict[str, float] = field(default_factory=dict[str, float])
    """Claim id → Benjamini and Yekutieli's q-value over this run's claims."""


Record: TypeAlias = (
    RunRecord
    | ModelRecord
    | ClaimRecord
    | ScoresRecord
    | AssertionRecord
    | NotRunRecord
    | EndRecord
)
_KINDS: Mapping[str, type[Record]] = {
    made.kind: made
    for made in (
        RunRecord,
        ModelRecord,
        ClaimRecord,
        ScoresRecord,
        AssertionRecord,
        NotRunRecord,
        EndRecord,
    )
}
_Any = TypeVar("_Any")
_NESTED: Mapping[str, type[Any]] = {
    "findings": FindingRecord,
    "lowest": ExampleRecord,
    "highest": ExampleRecord,
}
_MOST_IDS = 400
_MOST_OTHERS = 201


def as_dict(record: Record) -> dict[str, Any]:
    """A record as builtins that JSON, and a pipe between processes, take."""
    return {"record": record.kind, **_fields_of(record)}


def _fields_of(made: Any) -> dict[str, Any]:  # noqa: ANN401 - any record
    """As builtins, each field once: a long run has many."""
    values = ((each.name, getattr(made, each.name)) for each in fields(made))
    return {
        name: [_fields_of(inner) for inner in value] if name in _NESTED else plain(value)
        for name, value in values
    }


def from_dict(made: Mapping[str, Any]) -> Record | None:
    """The record that a line holds; None for one of a kind that is not known here.

    Raises:
        TypeError: when a required field is missing.
    """
    kind = _KINDS.get(made.get("record", ""))
    if kind is None:
        return None
    return _made(kind, made)


def _made(kind: type[_Any], given: Mapping[str, Any]) -> _Any:
    """What is known of it: lists are tuples, records in them are records."""
    names = {each.name for each in fields(kind)}  # pyright: ignore[reportArgumentType]
    return kind(**{name: _read(name, value) for name, value in given.items() if name in names})


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - any value in and out
    inner = _NESTED.get(name)
    if inner is not None:
        return tuple(_made(inner, each) for each in value)
    if name == "clusters":  # how many, or the ids themselves
        return {key: tuple(x) if isinstance(x, list) else x for key, x in value.items()}
    return tuple(value) if isinstance(value, list) else value


def polarity(verdict: str, held: bool | None) -> Polarity:
    """Whether a claim was asserted or denied, from its verdict and whether the assertion held."""
    if held is None or verdict not in ("supported", "refuted"):
        return "unknown"
    return "asserted" if (verdict == "supported") == held else "denied"


def plain(value: Any) -> Any:  # noqa: ANN401 - any value in, builtins out
    """The value as builtins: NumPy's numbers as Python's, what is not finite as None."""
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(inner) for inner in value]
        case _ if hasattr(value, "item"):
            return plain(value.item())
        case _:
            return str(value)


def _quantiles(others: tuple[float, ...]) -> tuple[float, ...]:
    """In order; of many, as many as draw the same picture, smallest and largest included."""
    ranked = sorted(others)
    if len(ranked) <= _MOST_OTHERS:
        return tuple(map(_short, ranked))
    step = (len(ranked) - 1) / (_MOST_OTHERS - 1)
    return tuple(_short(ranked[round(place * step)]) for place in range(_MOST_OTHERS))


def _short(number: float) -> float:
    """Six digits that count: enough to draw and to compare, half as many to keep."""
    return float(f"{number:.6g}")
