"""What was found: plain data, for reports, ledgers and people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from circuit_assert.stats import Verdict
from circuit_assert.unit_scores import UnitScores

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Finding:
    """What was found on one criterion.

    Args:
        name: The criterion: "pattern".
        role: "primary", "guard" or "gate".
        expected: What the claim says of it, in words.
        verdict: The criterion's own.
        reason: Why it is inconclusive, or what a fact found.
        effect: The estimate; None when nothing was estimated.
        low: The decision interval's lower end.
        high: Its upper end.
        unit: What the numbers are: "attention", "logits", "nats".
        estimand: Whether the effect is the mean of cluster means or the median cluster.
        method: How the interval was made.
        units: How many units.
        clusters: How many clusters, by name.
        p_value: For "the claim's criterion is not true".
        noise_floor: How far the engine's own choices move the effect. Three of it are in either
            end of the interval.
        detectable: The true effect that would have been supported 8 times in 10.
        clusters_needed: About how many clusters would decide the effect seen.
        notes: Prompts dropped, peers used, and the like.
        region: The region alone, as "above 0.4"; empty for a fact.
        value: The number behind a fact; None for a criterion with an interval.
        others: The same number of each peer that it was ranked among.
        interventions: What was ablated, patched or steered for it, in words.
        scores: The values that the interval is of, unit by unit; None for what is not a mean.
    """

    name: str
    role: str
    expected: str
    verdict: Verdict
    reason: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    estimand: str = ""
    method: str = ""
    units: int = 0
    clusters: dict[str, int] = field(default_factory=dict[str, int])
    p_value: float | None = None
    noise_floor: float = 0.0
    detectable: float | None = None
    clusters_needed: int | None = None
    notes: tuple[str, ...] = ()
    region: str = ""
    value: float | None = None
    others: tuple[float, ...] = ()
    interventions: tuple[str, ...] = ()
    scores: UnitScores | None = field(default=None, repr=False)

    @property
    def record(self) -> dict[str, Any]:
        """Everything, as builtins that JSON takes."""
        made = asdict(self) | {"verdict": str(self.verdict)}
        return made | {name: list(made[name]) for name in ("notes", "others", "interventions")}

    @classmethod
    def of(cls, record: dict[str, Any]) -> Finding:
        """The finding that a record is of."""
        read: dict[str, Any] = {
            **{name: tuple(record[name]) for name in ("notes", "others", "interventions")},
            "verdict": Verdict(record["verdict"]),
            "scores": UnitScores.of(record["scores"]),
        }
        return cls(**{**record, **read})


@dataclass(frozen=True)
class Evidence:
    """What was found on a claim, and what follows.

    Args:
        claim_id: The claim's identity.
        kind: The claim type's name.
        sentence: The claim.
        model: The model's name.
        verdict: Supported, refuted or inconclusive.
        reason: Why, in one sentence.
        findings: One per criterion, in order.
        arguments: What the claim was called with.
        false_pass_rate: α, the rate at which a false claim of this kind may pass.
        p_value: Of the whole claim; None when it was not worked out.
        fingerprint: The hash of the model's weights, processing and dtype.
        dtype: Of the weights.
        device: Where it ran.
        source: Where the claim comes from.
        seconds: How long measuring took.
        runs: Forward passes made for it (shared ones are counted for the first claim).
        reused: Scores for it that earlier runs had measured (likewise).
        noise_floor: How far the engine's own choices move a score.
        notes: What a reader should know of the whole: how a head was chosen, and where.
    """

    claim_id: str
    kind: str
    sentence: str
    model: str
    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]
    arguments: dict[str, str]
    false_pass_rate: float
    p_value: float | None = None
    fingerprint: str = ""
    dtype: str = ""
    device: str = ""
    source: str = ""
    seconds: float = 0.0
    runs: int = 0
    reused: int = 0
    noise_floor: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> Finding | None:
        """The criterion to show first: what refutes or blocks the claim, else the first primary."""
        primaries = [f for f in self.findings if f.role == "primary" and f.effect is not None]
        if self.verdict is Verdict.REFUTED:
            primaries = [f for f in primaries if f.verdict is Verdict.REFUTED] or primaries
        if self.verdict is Verdict.INCONCLUSIVE:
            undecided = [f for f in self.findings if f.verdict is not Verdict.SUPPORTED]
            primaries = [f for f in undecided if f.effect is not None] or primaries
        return primaries[0] if primaries else None

    @property
    def record(self) -> dict[str, Any]:
        """Everything, as builtins that JSON takes."""
        made = asdict(self)
        made["verdict"] = str(self.verdict)
        made["notes"] = list(self.notes)
        made["findings"] = [finding.record for finding in self.findings]
        return made

    @property
    def frame(self) -> pd.DataFrame:
        """One row per criterion, without the scores of units."""
        import pandas as pd

        rows = [asdict(finding) for finding in self.findings]
        return pd.DataFrame(rows).drop(columns="scores", errors="ignore")

    @property
    def scores(self) -> pd.DataFrame:
        """One row per criterion and unit: its value, and the clusters that it is in."""
        import pandas as pd

        frames = [
            pd.DataFrame(
                {
                    "criterion": each.name,
                    "unit": found.units,
                    "value": found.values,
                    **found.clusters,
                }
            )
            for each in self.findings
            if (found := each.scores) is not None
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def __str__(self) -> str:
        from circuit_assert.reporting.terminal import evidence_block

        return evidence_block(self)

    @property
    def card(self) -> str:
        """The evidence as HTML, for notebooks; everything in it is escaped."""
        from circuit_assert.reporting.html.notebook import evidence_card

        return evidence_card(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the interval beside its region, and each cluster's mean, with matplotlib.

        Args:
            axes: Where to draw; None for a new figure.

        Raises:
            CircuitAssertError: when matplotlib is missing, or no criterion has an interval.
        """
        from circuit_assert.reporting.plot import plot

        return plot(self, axes)

    def _repr_html_(self) -> str:
        return self.card
