"""Look for candidates on the discovery half of the prompts; the suites test on the other half.

    python hypotheses/find_candidates.py gemma-3-270m

prints, for each kind of claim about heads, the heads that stand out most on prompts which the
suites do not use: another seed of the repeated tokens, the discovery half of the IOI templates.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from circuit_assert import Session, ioi, repeated_tokens
from circuit_assert.components import Head
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import (
    AttentionOverPairs,
    DirectContribution,
    LogitDifference,
    Request,
)
from circuit_assert.models.model import Model

DISCOVERY_TOKENS = repeated_tokens(seed=1)
DISCOVERY_IOI = ioi(per_template=1, corruption="abc").half("discovery")


def attention_and_copying(session: Session, model: Model) -> pd.DataFrame:
    """Attention over relations, and copying, of every head; the fresh half subtracted."""
    measurements = {
        "induction": AttentionOverPairs("induction"),
        "previous": AttentionOverPairs("previous"),
        "duplicate": AttentionOverPairs("duplicate"),
        "copying": DirectContribution(),
    }
    table: dict[str, np.ndarray] = {}
    for name, measurement in measurements.items():
        sides = [Request(measurement, DISCOVERY_TOKENS, side) for side in ("clean", "corrupt")]
        clean, fresh = (scores.mean(0) for scores in session.measure(model, sides))
        table[name] = (clean if name == "previous" else clean - fresh).ravel()
    return pd.DataFrame(table, index=_names(model))


def ablation_effects(session: Session, model: Model) -> pd.Series:
    """Drop of the IOI logit difference when each head is mean-ablated, in logits."""
    metric = LogitDifference()
    clean = Request(metric, DISCOVERY_IOI)
    ablated = [
        Request(metric, DISCOVERY_IOI, "clean", Ablation((head,), "mean", DISCOVERY_IOI, "corrupt"))
        for head in _heads(model)
    ]
    baseline, *others = session.measure(model, [clean, *ablated])
    print(f"clean logit difference {baseline.mean():+.2f}")
    return pd.Series([(baseline - o).mean() for o in others], index=_names(model), name="ioi drop")


def _heads(model: Model) -> list[Head]:
    card = model.card
    if card is None:
        raise SystemExit(f"{model.name} has not been fetched: its heads are not known.")
    return [Head(layer, head) for layer in range(card.layers) for head in range(card.heads)]


def _names(model: Model) -> list[str]:
    return [str(head) for head in _heads(model)]


def main(name: str) -> None:
    """Print the candidates of one model."""
    session = Session()
    model = session.model(name)
    table = attention_and_copying(session, model)
    for column in table:
        print(table.sort_values(column, ascending=False).head(8).round(3).to_string(), "\n")
    drops = ablation_effects(session, model).sort_values()
    print(pd.concat([drops.tail(8)[::-1], drops.head(5)]).round(3).to_string())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gemma-3-270m")
