"""A ranking of nodes or edges, judged by what the circuits of its first few recover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from circuit_assert.circuits import Member, ModelCircuit
from circuit_assert.claims.ablations import Metric
from circuit_assert.claims.circuits.curves import Area, AreaUnder, Curve, shares_of
from circuit_assert.claims.circuits.task import CircuitAblation, Reference, task_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.rankings import ModelRanking, Ranking
from circuit_assert.stats.region import above, below

PERCENTAGES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_WORDS: dict[Area, str] = {
    "CPR": "area under the share of the score that is recovered",
    "CMD": "area under its distance from the whole score",
}


@claim("{ranking} recovers the score", source="Mueller et al. 2025, arXiv:2504.13151 (MIB)")
def ranking_recovers(
    ranking: ModelRanking,
    *,
    on: Prompts,
    by: float | None = None,
    within: float | None = None,
    sizes: Sequence[int] | None = None,
    rankings: int = 5,
    seed: int = 0,
    ablation: CircuitAblation = "corrupt",
    reference: Reference = None,
    metric: Metric = "logit difference",
) -> Body:
    """Over circuits of the first few members, little is missing of the score, or much recovered.

    f is (the circuit alone − everything ablated) over (the whole model − everything ablated), a
    ratio of means, for the first k members with k from {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100} %
    of all, rounded down, each size once. By trapezoids over k / all, from f = 0 at none: CPR, the
    area under f, lies above `by`; CMD, that under |1 − f|, below `within`. Control: so it does by
    more than each of some random rankings.

    Half of that axis is the interval from 50 to 100 %: a ranking with f = 0 until the end has CPR
    0.25 and CMD 0.75, and one can be good there and of no use at 5 %. So the evidence has f at each
    size, and both areas over a logarithmic axis. CPR above 1 is over-recovery, not better.

    Args:
        ranking: The most important first, as `model.ranking(["L5H1", "L3.mlp", …])`.
        on: Prompts with answers, and corrupt twins of the same length for "corrupt".
        by: What CPR exceeds.
        within: What CMD stays below.
        sizes: Other sizes, as numbers of members. All of them are added.
        rankings: How many random ones of all that there is to rank. Default 5.
        seed: What they are drawn with.
        ablation: As in `circuit_is_sufficient`; likewise `reference` and `metric`. Default
            "corrupt", as in the source.
        reference: Whose activations give means.
        metric: "logit difference" or "centred logit".

    Raises:
        ClaimError: for something that is no ranking, no bound, no random ranking, sizes that the
            ranking does not have, or what `circuit_is_sufficient` refuses.

    Example:
        >>> from circuit_assert import Session, ranking_recovers
        >>> from circuit_assert.models.planted_models import lookup_model, lookup_prompts
        >>> first = ["L1H0", "L1H2", "L1H3"]
        >>> rest = [f"L{layer}H{head}" for layer in (1, 0) for head in range(8)]
        >>> names = [*first, *(name for name in rest if name not in first)]
        >>> ranking = Session().model(lookup_model()).ranking(names)
        >>> claim = ranking_recovers(ranking, on=lookup_prompts(per_template=2), within=0.15)
        >>> print(claim.check().verdict)
        supported
    """
    if not isinstance(ranking, ModelRanking):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ClaimError(
            f'this is a claim about a ranking: model.ranking(["L5H1", …]); got {ranking!r}.'
        )
    if by is None and within is None:
        raise ClaimError("say what CPR exceeds, by=, or what CMD stays below, within=, or both.")
    if rankings < 1:
        raise ClaimError(f"rankings is how many random ones are tried, at least 1; got {rankings}.")
    every, model = ranking.everything(), ranking.model
    first = ModelCircuit(
        model, ranking.components, circuit=ranking.ranking.first(1), size=ranking.size
    )
    task = task_of(first, on, ablation, reference, metric)
    curve = Curve(task, ranking.ranking, _sizes(sizes, len(ranking.ranking), len(every)))
    given: tuple[tuple[Area, float | None], ...] = (("CPR", by), ("CMD", within))
    bounds: list[tuple[Area, float]] = [(a, bound) for a, bound in given if bound is not None]
    others = [
        Curve(task, each, curve.sizes, control=True)
        for each in _random(every, ranking.ranking, rankings, seed)
    ]
    primaries = tuple(
        Criterion(
            area,
            AreaUnder(curve, area),
            above(bound) if area == "CPR" else below(bound),
            _WORDS[area],
            "area",
            model,
        )
        for area, bound in bounds
    )
    return Body(
        AllOf(primaries),
        tuple(
            Criterion(
                f"{area} beyond random ranking {n + 1}",
                AreaUnder(curve, area, other),
                above(0.0),
                f"by how much {area} is better than that of a random ranking",
                "area",
                model,
            )
            for area, _ in bounds
            for n, other in enumerate(others)
        ),
        task.gate(model),
        scope=" and ".join(
            f"with CPR above {bound:g}" if area == "CPR" else f"with CMD below {bound:g}"
            for area, bound in bounds
        ),
    )


def _sizes(sizes: Sequence[int] | None, listed: int, total: int) -> tuple[int, ...]:
    """How many members, as far as they are listed, and all.

    Raises:
        ClaimError: for sizes that the ranking does not have.
    """
    chosen = shares_of(PERCENTAGES, total) if sizes is None else tuple(sorted(set(sizes)))
    if sizes is not None and not all(0 < size <= listed for size in chosen):
        raise ClaimError(f"sizes are from 1 to the {listed} members listed; got {list(sizes)}.")
    some = [size for size in chosen if size <= listed and size < total]
    if not some:
        raise ClaimError(
            f"a ranking of {listed} of {total} members has none of the usual sizes: list more of "
            f"them, or give sizes=."
        )
    return (*some, total)


def _random(every: Sequence[Member], ranking: Ranking, count: int, seed: int) -> Iterable[Ranking]:
    generator = np.random.default_rng([seed, len(every), len(ranking)])
    for _ in range(count):
        order = generator.permutation(len(every))[: len(ranking)]
        yield Ranking(tuple(every[i] for i in order), ranking.among)
