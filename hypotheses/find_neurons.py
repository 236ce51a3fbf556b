"""Look for neurons of one meaning or of one context on discovery halves; suites test the others.

    python hypotheses/find_neurons.py smollm2-135m-instruct

prints, for some words and languages, the neurons of a few layers that are best by the precision of
their activations at their worst level, or by F1 as detectors of a language, on documents that the
suites do not judge by.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from circuit_assert import Session, paragraphs, plain_text
from circuit_assert.components import Neuron
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import Loss, Request
from circuit_assert.measurements.many_activations import ManyActivations
from circuit_assert.measurements.mean_activations import MeanActivations
from circuit_assert.models.model import Model
from circuit_assert.prompts.chosen import Chosen
from circuit_assert.prompts.halves import half_of
from circuit_assert.prompts.truncated import Truncated

WORDS = {
    "articles": {"the", "a", "an"},
    "forms of 'be'": {"is", "was", "are", "were", "be", "been", "am"},
    "pronouns": {"he", "she", "it", "they", "we", "i", "you"},
    "ends of sentences": {".", "!", "?"},
    "commas": {","},
    "prepositions": {"of", "in", "on", "at", "by", "from", "with", "to", "for"},
    "conjunctions": {"and", "or", "but"},
    "possessives": {"his", "her", "its", "their", "our", "my", "your"},
    "negations": {"not", "no", "never", "n't"},
}
SHARES = (0.01, 0.02, 0.05)
PARAGRAPHS = Truncated(paragraphs("en", "fr", "es", "zh"), 24)
_LEVELS, _BEST = 5, 6
_LOSS = Loss(places=12)


def of_one_meaning(model: Model, layers: tuple[int, ...]) -> pd.DataFrame:
    """Words, shares and neurons, the best worst level first."""
    on = plain_text().half("discovery")
    rows = on.tokenize(model.tokenizer).tokens["clean"]
    pieces = [model.tokenizer.piece(int(t)).strip().lower() for row in rows for t in row[1:]]
    labels = {name: np.array([piece in words for piece in pieces]) for name, words in WORDS.items()}
    found: list[dict[str, object]] = []
    for layer in layers:
        every = tuple(Neuron(layer, n) for n in range(model.card.d_mlp if model.card else 0))
        (scores,) = model.measure([Request(ManyActivations(every), on)])
        values = np.concatenate([each[1 : len(r)] for each, r in zip(scores, rows, strict=True)])
        values = values * np.where(values.max(0) >= -values.min(0), 1, -1)
        for share in SHARES:
            found += [{**row, "share": share} for row in _levels(values, labels, share, layer)]
    return pd.DataFrame(found).sort_values("worst", ascending=False)


def _levels(
    values: np.ndarray, labels: dict[str, np.ndarray], share: float, layer: int
) -> Iterator[dict[str, object]]:
    count = int(share * len(values))
    top = np.argsort(-values, axis=0)[:count]
    largest = np.take_along_axis(values, top, 0)
    counted = (largest**2).sum(0) / (values**2).sum(0)
    for name, label in labels.items():
        parts = zip(
            np.array_split(largest, _LEVELS), np.array_split(label[top], _LEVELS), strict=True
        )
        precision = np.array([(a * said).sum(0) / a.sum(0) for a, said in parts])
        worst = precision.min(0)
        for neuron in np.argsort(-worst)[:3]:
            yield {
                "words": name,
                "neuron": f"L{layer}N{neuron}",
                "worst": worst[neuron],
                "highest": precision[0, neuron],
                "counted": counted[neuron],
            }


def of_a_context(model: Model, language: str) -> pd.DataFrame:
    """The neurons that tell a language with the widest margin, and what is lost without each."""
    on = half_of(PARAGRAPHS, "discovery")
    inside = np.array(on.tokenize(model.tokenizer).labels["language"]) == language
    found: list[tuple[float, Neuron]] = []
    layers = range(model.card.layers if model.card else 0)
    everyone = model.measure([Request(MeanActivations(layer), on) for layer in layers])
    for layer, means in zip(layers, everyone, strict=True):
        signed = means * np.sign(means[inside].mean(0))
        margins = (signed[inside].min(0) - signed[~inside].max(0)) / means.std(0)
        found += [(float(margins[n]), Neuron(layer, int(n))) for n in np.argsort(-margins)[:2]]
    best = sorted(found, key=lambda each: -each[0])[:_BEST]
    others = Chosen(on, tuple(np.flatnonzero(~inside).tolist()), f"not in {language}")
    clean = Request(_LOSS, on)
    without = [replace(clean, under=Ablation((n,), "mean", others)) for _, n in best]
    baseline, *losses = model.measure([clean, *without])
    rises = [loss - baseline for loss in losses]
    return pd.DataFrame(
        {
            "language": language,
            "neuron": [str(neuron) for _, neuron in best],
            "margin": [margin for margin, _ in best],
            "lost in it": [rise[inside].mean() for rise in rises],
            "lost in others": [rise[~inside].mean() for rise in rises],
        }
    )


def main(name: str) -> None:
    """Print the candidates of one model."""
    model = Session().model(name)
    for language in ("zh", "fr"):
        print(of_a_context(model, language).round(4).to_string(), "\n", flush=True)
    layers = (0, 1, 2, 8, 12, 15, 17) if name.startswith("gemma") else (0, 1, 2, 10, 20, 28, 29)
    meanings = of_one_meaning(model, layers)
    print(meanings[meanings["counted"] > 0.5].groupby("words").head(4).round(3).to_string(), "\n")
    print(meanings.groupby("words").head(3).round(3).to_string(), "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct")
