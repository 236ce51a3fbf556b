"""The fourth step: which heads are active for a neuron, by the paper's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from circuit_assert.errors import ClaimError

if TYPE_CHECKING:
    import pandas as pd

Rule = Literal["top 3", "two sigma"]
_TOP = 3
_GAUSSIAN = 0.0228  # of normal numbers, beyond two standard deviations above the mean


def active_heads(
    attributions: pd.DataFrame,
    *,
    rule: Rule = "two sigma",
    by: Literal["attribution", "unscaled"] = "attribution",
) -> pd.DataFrame:
    """How often each head is active for each neuron, over the neuron's prompts.

    A head is active on a prompt when its attribution is among the three largest of all heads, or
    more than two standard deviations above their mean. Either rule always finds some: the first
    three, the second about 2 in 100 heads of nothing but noise. The column `by_chance` says in
    which share of the prompts a head would be active if it were drawn at random; whether a head
    does anything is for `head_activates_neuron` to test, on the other half of the documents.

    Args:
        attributions: As `head_attributions` gives them.
        rule: "top 3" or "two sigma".
        by: Which of the two attributions; the paper's is "unscaled".

    Returns:
        A row per neuron and head that is active at all, the most active first: neuron, token, head,
        active (share of prompts), by_chance, prompts, mean (attribution), explained (whether it is
        active in 25 to 75 % of prompts, which the paper explains).

    Raises:
        ClaimError: for an unknown rule.
    """
    import pandas as pd

    if rule not in ("top 3", "two sigma"):
        raise ClaimError(f'rule is "top 3" or "two sigma"; got {rule!r}.')
    table = attributions.assign(value=attributions[by])
    # a document may have several prompts, of several neurons: one of each neuron
    prompt = table.groupby(["neuron", "token", "document"], sort=False)["value"]
    if rule == "top 3":
        table["active"] = prompt.rank(ascending=False, method="first") <= _TOP
        chance = (_TOP / prompt.transform("size")).clip(upper=1.0)
    else:
        table["active"] = table["value"] > prompt.transform("mean") + 2 * prompt.transform(
            lambda values: values.std(ddof=0)
        )
        chance = pd.Series(_GAUSSIAN, index=table.index)
    found = (
        table.assign(by_chance=chance)
        .groupby(["neuron", "token", "head"], sort=False)
        .agg(
            active=("active", "mean"),
            by_chance=("by_chance", "mean"),
            prompts=("active", "size"),
            mean=("value", "mean"),
        )
        .reset_index()
    )
    found = found[found["active"] > 0].assign(
        explained=lambda rows: rows["active"].between(0.25, 0.75)
    )
    return found.sort_values(["active", "mean"], ascending=False, ignore_index=True)
