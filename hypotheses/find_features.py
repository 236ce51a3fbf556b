"""Look for latents of a script on the discovery half of the messages; the suite tests the other.

    python hypotheses/find_features.py

prints, for each script, the latents of the shipped dictionary that are best by precision and
recall on documents that the suite does not use, and some that are on the way there: active on
several scripts, or on a script where they are most active only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch

from circuit_assert import PromptSet, Script, Session
from circuit_assert.components import NamedDictionary, Site
from circuit_assert.measurements import Batch, Request
from circuit_assert.measurements.activations import KeepReader
from circuit_assert.measurements.base import ReadsOnTheWay, Weights
from circuit_assert.models.card import Card

FOLDER = Path(__file__).parent / "gemma_3_270m" / "dictionary"
MESSAGES = PromptSet.from_list(
    json.loads((FOLDER / "messages.json").read_text(encoding="utf-8")),
    name="messages",
    cluster_by="document",
)


@dataclass(frozen=True)
class LatentsOnScript(ReadsOnTheWay):
    """Of every latent, at how many positions it is active, and of those of a script: `[unit, …]`.

    `[unit, latent, 3]`: active; active on the script; of the script's positions, all.

    Args:
        dictionary: Whose.
        script: The script.
    """

    dictionary: NamedDictionary
    script: Script
    quantity: ClassVar[str] = "positions"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What the dictionary reads."""
        return (self.dictionary.reads,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.dictionary.reads.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        rows = self.script.rows(batch.prompts.only(batch.units.tolist()), weights.tokenizer)
        labels = torch.tensor(np.stack(rows))[:, 1:, None]

        def count(activation: torch.Tensor) -> torch.Tensor:
            active = (self.dictionary.encode(activation)[:, 1:] > 0).double()
            known = labels.isfinite()
            of = labels.nan_to_num()
            all_of = of.sum(1).expand(-1, active.shape[-1])
            return torch.stack([(active * known).sum(1), (active * of).sum(1), all_of], dim=-1)

        return KeepReader(count)


def main() -> None:
    """Print the candidates."""
    model = Session().model("gemma-3-270m").with_dictionary(FOLDER)
    dictionary = model.dictionaries[0]
    on = MESSAGES.half("discovery")
    names = ("Cyrillic", "Greek", "Arabic", "Han")
    requests = [Request(LatentsOnScript(dictionary, Script(name)), on) for name in names]
    for name, found in zip(names, model.measure(requests), strict=True):
        active, both, every = found.sum(0).T
        table = pd.DataFrame(
            {
                "precision": both / np.maximum(active, 1),
                "recall": both / every,
                "positions": active,
            },
            index=[f"L9F{n}" for n in range(len(active))],
        )
        table["both"] = table["precision"] * table["recall"]
        best = table[table["positions"] >= 60].sort_values("both", ascending=False).head(8)
        print(name, best.round(3).to_string(), "", sep="\n")


if __name__ == "__main__":
    main()
