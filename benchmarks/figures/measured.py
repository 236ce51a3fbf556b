"""What the figures show, as tables: each measured on Gemma 3 270M, on the suites' prompts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from circuit_assert import (
    PromptSet,
    ScriptShare,
    answered_as,
    antonyms,
    both_ways,
    dose_response,
    layer_curve,
    other_operands,
    overlap_curve,
    paragraphs,
    plain_text,
    steering_response,
    swap_conditions,
    swap_operands,
    synonyms,
)
from circuit_assert.models.model import Model
from circuit_assert.prompts.beginnings import Beginnings

MODEL = "gemma-3-270m"
MESSAGES = Path(__file__).parents[2] / "hypotheses/gemma_3_270m/dictionary/messages.json"
_OTHERS = ("fr", "es", "de", "it", "zh")
_STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)


def overlap(model: Model) -> pd.DataFrame:
    """Neurons that English paragraphs share with their translations, layer by layer."""
    tables = [
        overlap_curve(model, paragraphs(), languages=("en", language)).assign(language=language)
        for language in _OTHERS
    ]
    return pd.concat(tables, ignore_index=True)


def language(model: Model) -> pd.DataFrame:
    """Where the answer's own language overtakes English, read by the unembedding at each layer."""
    english = antonyms("en", per_concept=1)
    tables = [
        layer_curve(model, answered_as(antonyms(name, per_concept=1), english)).assign(
            language=name
        )
        for name in _OTHERS
    ]
    return pd.concat(tables, ignore_index=True)


def swaps(model: Model) -> pd.DataFrame:
    """Margins of swapped answers by strength, for the operation, the word and the language."""
    english = antonyms("en", per_concept=2)
    tables: list[pd.DataFrame] = []
    for name in ("de", "it", "es", "zh"):
        own = antonyms(name, per_concept=1)
        asked = both_ways(own, synonyms(name, per_concept=1))
        toward, away = (synonyms(each, per_concept=1) for each in (name, "en"))
        made = {
            "operation": (
                swap_conditions(synonyms("en", per_concept=1), versus=english, at="L11.resid_post"),
                asked,
                tuple(4 * strength for strength in _STRENGTHS),
            ),
            "word": (
                swap_operands(antonyms("en", per_concept=4), at="L4.resid_post"),
                other_operands(own),
                _STRENGTHS,
            ),
            "language": (
                swap_conditions(toward, versus=away, at="L15.resid_post"),
                answered_as(english, own),
                _STRENGTHS,
            ),
        }
        for kind, (swap, on, strengths) in made.items():
            table = dose_response(model, swap, on=on, strengths=strengths)
            tables.append(table.assign(swap=kind, language=name))
    return pd.concat(tables, ignore_index=True)


def steering(model: Model) -> pd.DataFrame:
    """What is written with a direction from English to Chinese, or to Russian, added."""
    prompts = json.loads(MESSAGES.read_text(encoding="utf-8"))
    messages = PromptSet.from_list(prompts, name="messages", cluster_by="document")
    messages = messages.half("discovery")
    prefixes = Beginnings(plain_text().half("test"), rows=tuple(range(24)), length=8)
    outputs = (ScriptShare("Han"), ScriptShare("Cyrillic"))
    tables: list[pd.DataFrame] = []
    for name, site in (("zh", "L9.resid_post"), ("ru", "L13.resid_post")):
        direction = model.direction(
            messages.where(language=name), versus=messages.where(language="en"), at=site
        )
        strengths = (0.0, 0.25, 0.5, 1.0, 2.0)
        table = steering_response(
            model, direction, outputs, on=prefixes, strengths=strengths, tokens=10
        )
        tables.append(table.assign(toward=name, at=site))
    return pd.concat(tables, ignore_index=True)


MEASURED: Mapping[str, Callable[[Model], pd.DataFrame]] = {
    "overlap": overlap,
    "language": language,
    "swaps": swaps,
    "steering": steering,
}
