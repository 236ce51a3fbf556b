"""The ledger: what a run judged, one JSON object per line, appended and never rewritten.

A run is one file. Its first line is a `RunRecord`; then, as they happen, a `ClaimRecord` at the
first judgement of a claim in a test, an `AssertionRecord` when that test ends, a `NotRunRecord`
for a test that could not run; its last line is an `EndRecord`, which a killed run lacks. In the
file each object names its kind under "record".
"""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

from circuit_assert.errors import CircuitAssertError

SCHEMA = 1
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


Record: TypeAlias = RunRecord | ClaimRecord | AssertionRecord | NotRunRecord | EndRecord
_KINDS: Mapping[str, type[Record]] = {
    made.kind: made for made in (RunRecord, ClaimRecord, AssertionRecord, NotRunRecord, EndRecord)
}
_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Ledger:
    """One run, read back.

    Args:
        path: The file.
        run: Its first line; None when not even that was written whole.
        claims: In the order of judgement.
        assertions: In the order in which tests ended.
        not_run: Tests that could not run.
        end: None for a run that was killed.
        truncated: Whether the last line was cut off.
    """

    path: Path
    run: RunRecord | None
    claims: tuple[ClaimRecord, ...]
    assertions: tuple[AssertionRecord, ...]
    not_run: tuple[NotRunRecord, ...]
    end: EndRecord | None
    truncated: bool = False


class LedgerFile:
    """A run's file, made anew: one `write` for each record, so that a killed run leaves lines.

    Args:
        folder: Where runs are kept; made when it is missing.
        started: When the run started.

    Raises:
        OSError: when the folder or the file cannot be made.
    """

    def __init__(self, folder: Path, started: datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self.path, flags, 0o644)

    def append(self, record: Record) -> None:
        """Write one line.

        Raises:
            OSError: when it could not be written whole.
        """
        line = json.dumps(as_dict(record), ensure_ascii=False, allow_nan=False).encode() + b"\n"
        if os.write(self._descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def as_dict(record: Record) -> dict[str, Any]:
    """A record as builtins that JSON, and a pipe between processes, take."""
    return {"record": record.kind, **plain(asdict(record))}


def from_dict(made: Mapping[str, Any]) -> Record | None:
    """The record that a line holds; None for one of a kind that is not known here.

    Raises:
        TypeError: when a required field is missing.
    """
    kind = _KINDS.get(made.get("record", ""))
    if kind is None:
        return None
    if kind is not ClaimRecord:
        return _known_fields(kind, made)
    findings = tuple(_finding(one) for one in made.get("findings", ()))
    return _known_fields(
        ClaimRecord,
        {
            **made,
            "findings": findings,
            "notes": tuple(made.get("notes", ())),
            "tags": tuple(made.get("tags", ())),
        },
    )


def _finding(made: Mapping[str, Any]) -> FindingRecord:
    return _known_fields(FindingRecord, {**made, "notes": tuple(made.get("notes", ()))})


def _known_fields(kind: type[_Any], made: Mapping[str, Any]) -> _Any:
    names = {each.name for each in fields(kind)}  # pyright: ignore[reportArgumentType]
    return kind(**{name: value for name, value in made.items() if name in names})


def read(path: Path) -> Ledger:
    """Read one run; a last line that was cut off is left out.

    Raises:
        CircuitAssertError: when another line is not a record, naming the line.
        OSError: when the file cannot be read.
    """
    lines = path.read_bytes().split(b"\n")
    records: list[Record] = []
    truncated = False
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            record = from_dict(json.loads(line))
        except (ValueError, TypeError, AttributeError) as problem:
            if number == len(lines):
                truncated = True
                continue
            raise CircuitAssertError(
                f"{path}, line {number} is no record of a ledger ({problem}): ledgers are only "
                "ever appended to. Restore the file, or remove it."
            ) from problem
        if record is not None:
            records.append(record)
    return _as_ledger(path, records, truncated)


def _as_ledger(path: Path, records: Iterable[Record], truncated: bool) -> Ledger:
    kept = list(records)

    def of(kind: type[_Any]) -> tuple[_Any, ...]:
        return tuple(record for record in kept if isinstance(record, kind))

    return Ledger(
        path=path,
        run=next(iter(of(RunRecord)), None),
        claims=of(ClaimRecord),
        assertions=of(AssertionRecord),
        not_run=of(NotRunRecord),
        end=next(iter(of(EndRecord)), None),
        truncated=truncated,
    )


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
