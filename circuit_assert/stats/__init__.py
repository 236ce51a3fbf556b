"""Statistics: arrays and cluster ids in, dataclasses out.

    >>> sample = Sample(values, {"template": templates})
    >>> assess(sample, above(0.4)).verdict
    <Verdict.SUPPORTED: 'supported'>

A *supported* verdict is a promise: it is wrong with probability at most α. Importing this page
loads neither scipy nor statsmodels.
"""

from circuit_assert.stats.auroc import auroc, within_group_auroc
from circuit_assert.stats.criteria import (
    AllOf,
    AnyOf,
    Control,
    Criterion,
    Denied,
    Exists,
    Gate,
    Guard,
    Node,
    Settled,
)
from circuit_assert.stats.estimate import AnySample, Estimate, estimate
from circuit_assert.stats.judgement import Judgement, Part, judge
from circuit_assert.stats.max_t import Simultaneous, simultaneous
from circuit_assert.stats.multiplicity import benjamini_yekutieli, holm
from circuit_assert.stats.power import (
    clusters_needed,
    clusters_needed_for_proportion,
    exceptional_share,
    min_detectable_effect,
    min_detectable_proportion,
)
from circuit_assert.stats.rank import rank_guard, rank_p
from circuit_assert.stats.ratios import ratio_excess, ratio_of_means
from circuit_assert.stats.region import Interval, Region, above, below, between, within
from circuit_assert.stats.sample import JackknifeSample, Sample
from circuit_assert.stats.verdict import Assessment, Verdict, assess

__all__ = [
    "AllOf",
    "AnyOf",
    "AnySample",
    "Assessment",
    "Control",
    "Criterion",
    "Denied",
    "Estimate",
    "Exists",
    "Gate",
    "Guard",
    "Interval",
    "JackknifeSample",
    "Judgement",
    "Node",
    "Part",
    "Region",
    "Sample",
    "Settled",
    "Simultaneous",
    "Verdict",
    "above",
    "assess",
    "auroc",
    "below",
    "benjamini_yekutieli",
    "between",
    "clusters_needed",
    "clusters_needed_for_proportion",
    "estimate",
    "exceptional_share",
    "holm",
    "judge",
    "min_detectable_effect",
    "min_detectable_proportion",
    "rank_guard",
    "rank_p",
    "ratio_excess",
    "ratio_of_means",
    "simultaneous",
    "within",
    "within_group_auroc",
]
