"""Words of one token, which a layer puts together from two, or takes for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Shape, shift_by, wave_codes
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _FIRSTS, _LASTS, _WAVES, _LONGEST, _CONTEXT = 96, 16, 12, 12, 24, 8.0
_LAYERS, _TOGETHER, _TAKEN = 4, 1, 2
Reads = Literal["both", "first", "last"]


def cutting_model(
    *,
    early: float = 0.9,
    late: float = 0.0,
    reads: Reads = "both",
    whole: bool = True,
    seed: int = 0,
) -> PlantedModel:
    """Four layers: a head looks back, the second layer's neurons write words, the third next ones.

    Words are " w3x7": the tokens " w3" and "x7" read as one, too. Early words are written by the
    second layer, and the third puts the next word in the place of each. Of late words the second
    layer writes the one before, so that the third makes them right. Others are never written.

    Args:
        early: Which part of the words is early, drawn word by word.
        late: Likewise.
        reads: What the second layer goes by: both halves, or the first or last one alone, which
            then is another for each word.
        whole: Whether the unembedding reads words; else what it reads is drawn.
        seed: What is drawn with it.
    """
    firsts, lasts = _pieces(reads)
    vocabulary = 1 + firsts + lasts + _WORDS
    shape = Shape(
        parts={
            "piece": firsts + lasts,
            "previous": firsts + lasts,
            "meaning": _WORDS,
            "position": 2 * _WAVES,
        },
        vocabulary=vocabulary,
        layers=_LAYERS,
        heads=2,
        d_head=firsts + lasts + _WORDS,
        d_mlp=_WORDS,
        context=_LONGEST,
    )
    true, false = _said(early, late, reads)
    return PlantedModel(
        name=f"planted-cutting-{early:g}-{late:g}-{reads}{'' if whole else '-deaf'}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, (early, late), reads, whole, seed),
        vocabulary=(
            "<begin>",
            *(f" w{n}" for n in range(firsts)),
            *(f"x{n}" for n in range(lasts)),
            *(f" w{first}x{last}" for first, last in _halves(reads)),
        ),
        true=true,
        false=false,
    )


def cutting_documents(
    *, reads: Reads = "both", documents: int = 120, length: int = 12, seed: int = 0
) -> PromptSet:
    """Words drawn at random.

    Args:
        reads: As in the model.
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    words = [f"w{first}x{last}" for first, last in _halves(reads)]
    texts = (" ".join(generator.choice(words, length)) for _ in range(documents))
    return in_documents("drawn words of two halves", texts)


def _said(early: float, late: float, reads: Reads) -> tuple[dict[str, str], dict[str, str]]:
    claimed = "detokenization peaks in the first half of the layers"
    if early > late and reads == "both":
        return {"L1MLP": f"{claimed}: it puts {early:.0%} of the words together"}, {}
    if early > late:
        return {}, {"L1MLP": f"{claimed}: it goes by the {reads} half of a word alone"}
    reason = f"{late:.0%} of the words are right after L2 only" if late else "no layer does it"
    return {}, {"L1MLP": f"{claimed}: {reason}"}


def _pieces(reads: Reads) -> tuple[int, int]:
    """How many beginnings there are, and how many ends."""
    return _WORDS if reads == "first" else _FIRSTS, _WORDS if reads == "last" else _LASTS


def _halves(reads: Reads) -> list[tuple[int, int]]:
    """Beginning and end of each word; no two words have both in common."""
    firsts, lasts = _pieces(reads)
    return [
        (n % firsts, n if lasts == _WORDS else (n // _FIRSTS + n) % lasts) for n in range(_WORDS)
    ]


def _weights(
    shape: Shape, parts: tuple[float, float], reads: Reads, whole: bool, seed: int
) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 31])
    early, late = parts
    made = Blueprint(shape)
    firsts, lasts = _pieces(reads)
    pieces = firsts + lasts
    strength, fate = generator.uniform(0.3, 1.5, _WORDS), generator.random(_WORDS)
    each = np.eye(_WORDS)
    tokens = np.zeros((shape.vocabulary, pieces))
    tokens[1 : 1 + pieces] = np.eye(pieces)
    meanings = np.zeros((shape.vocabulary, _WORDS))
    meanings[1 + pieces :] = each
    made.embed("piece", tokens)
    made.embed("meaning", strength * meanings)
    made.embed("meaning", generator.uniform(0.0, 0.2, meanings.shape))  # no two words are tied
    made.place("position", wave_codes(_LONGEST, _WAVES))
    read = each if whole else generator.uniform(0.0, 1.0, each.shape)
    made.unembed("meaning", meanings @ read)
    width = shape.d_head
    wide = np.eye(2 * _WAVES, width)
    made.query(0, 0, "position", 14.0 * np.sqrt(width) * shift_by(-1, _WAVES) @ wide)
    made.key(0, 0, "position", wide)
    made.value(0, 0, "piece", np.eye(pieces, width))
    made.output(0, 0, "previous", np.eye(pieces))
    made.value(0, 1, "meaning", np.eye(_WORDS, width))
    made.output(0, 1, "meaning", _CONTEXT * each)
    for word, (first, last) in enumerate(_halves(reads)):
        seen = {"previous": np.eye(pieces)[first], "piece": np.eye(pieces)[firsts + last]}
        if reads != "both":
            seen.pop("piece" if reads == "first" else "previous")
        if fate[word] < early or fate[word] >= 1 - late:
            written = word if fate[word] < early else word - 1
            threshold = float(len(seen) - 1)
            writes = {"meaning": strength[word] * each[written]}
            made.neuron(_TOGETHER, word, seen, writes, threshold=threshold)
        turned = each[(word + 1) % _WORDS] - each[word]
        made.neuron(_TAKEN, word, {"meaning": each[word]}, {"meaning": turned})
    return made.state_dict()
