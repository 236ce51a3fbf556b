"""A lookup task: a cue stands in the prompt, the answer that belongs to it comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

CUES, MARKERS, FILLERS = 24, 32, 40
_CUE = slice(1, 1 + CUES)
_ANSWER = slice(_CUE.stop, _CUE.stop + CUES)
_FOIL = slice(_ANSWER.stop, _ANSWER.stop + CUES)
_MARKER = slice(_FOIL.stop, _FOIL.stop + MARKERS)
_FILLER = slice(_MARKER.stop, _MARKER.stop + FILLERS)
_VOCABULARY = (
    "<begin>",
    *(f" cue{n}" for n in range(CUES)),
    *(f" answer{n}" for n in range(CUES)),
    *(f" foil{n}" for n in range(CUES)),
    *(f" mark{n}" for n in range(MARKERS)),
    *(f" word{n}" for n in range(FILLERS)),
)
_D_HEAD = 32
_FOUND = 14.0  # attention score of what a head looks for; of anything else, 0
_RESTING = 0.85  # mean share of attention that is on the beginning, for heads that rest there
_LOUD_PEERS = {(0, 0): 0.8, (0, 1): 1.2, (1, 4): 0.7, (1, 5): 0.9, (1, 6): 1.1, (1, 7): 1.4}
_QUIET_PEERS = {(0, 2): 0.7, (0, 3): 0.8, (0, 4): 0.9, (0, 5): 1.1, (0, 6): 1.2, (0, 7): 1.4}


def lookup_model(
    *,
    effect: float = 2.0,
    spread: float = 0.3,
    constant: float = 1.5,
    backup: float = 2.0,
    skewed: bool = False,
    seed: int = 4,
) -> PlantedModel:
    """Two layers of eight heads, of which one moves the answer by a known number of logits.

    The logit difference of a prompt is, with g of the cue and w of the marker,

        effect · g · w    by L1H0
        constant          by L1H1, nearly the same for every prompt
        backup · g        by L1H2 or L1H3: either is enough

    where g and w have the mean 1 over the cues and the markers. On `lookup_prompts`, ablating
    L1H0, by its mean or by zero, therefore drops the logit difference by `effect` on average: not
    in a sample of prompts, but over the population that they are drawn from.

    Args:
        effect: Mean drop of the logit difference without L1H0.
        spread: How far g and w lie from 1 at most.
        constant: What L1H1 adds to every logit difference.
        backup: Mean drop without both L1H2 and L1H3.
        skewed: Whether g follows an exponential distribution, whatever `spread` is.
        seed: What g, w and what does not matter are drawn with.
    """
    shape = Shape(
        parts={
            "cue": CUES,
            "mark": 1,
            "leak": 1,
            "start": 1,
            "one": 1,
            "wire": CUES,
            "say": CUES,
            "class": 1,
            "aside": CUES,
        },
        vocabulary=len(_VOCABULARY),
        layers=2,
        heads=8,
        d_head=_D_HEAD,
        d_mlp=2 * CUES,
        context=32,
    )
    return PlantedModel(
        name=f"planted-lookup-{effect:g}-{spread:g}-{constant:g}-{backup:g}{'-skewed' * skewed}"
        f"-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, _Sizes(effect, spread, constant, backup), skewed, seed),
        vocabulary=_VOCABULARY,
        true={
            "L1H0": f"ablating it drops the logit difference by {effect:g} on average",
            "L1H2+L1H3": f"ablating both drops the logit difference by {backup:g} on average",
        },
        false={
            "L1H1": f"ablating it drops the logit difference: only by zero, by {constant:g}, for "
            f"its output is much the same everywhere and equal to its mean",
            "L1H2": "ablating it drops the logit difference: L1H3 is enough",
            "L1H3": "ablating it drops the logit difference: L1H2 is enough",
            **{f"L{layer}H{head}": _BYSTANDER for layer, head in {**_LOUD_PEERS, **_QUIET_PEERS}},
        },
    )


_BYSTANDER = "ablating it drops the logit difference: it writes as much, where no logit is read"


def lookup_prompts(*, templates: int = 24, per_template: int = 6, seed: int = 0) -> PromptSet:
    """Prompts as " word3 mark7 word1 cue5 word2"; the answer is the cue's, the corrupt cue another.

    A template is a marker and some words, drawn at random; its prompts have different cues.

    Args:
        templates: How many.
        per_template: Prompts of each; at most half the cues.
        seed: What all is drawn with.
    """
    generator = np.random.default_rng([seed, templates, per_template])
    prompts: list[Prompt] = []
    for template in range(templates):
        before, between, after = (_some_words(generator, 1, 3) for _ in range(3))
        frame = f"{before} mark{generator.integers(MARKERS)} {between} {{cue}} {after}"
        drawn = generator.permutation(CUES)[: 2 * per_template].reshape(2, -1).T
        prompts += [_prompt(frame, f"lookup/{template + 1}", *map(int, pair)) for pair in drawn]
    return PromptSet("lookup", tuple(prompts), cluster_by=("template",))


def lookup_documents(*, documents: int = 40, seed: int = 0) -> PromptSet:
    """Random words with a cue among them: text that has nothing to do with the task.

    Args:
        documents: How many.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents])
    prompts: list[Prompt] = []
    for document in range(documents):
        before, after = (_some_words(generator, 5, 8) for _ in range(2))
        text = f"{before} mark{generator.integers(MARKERS)} cue{generator.integers(CUES)} {after}"
        prompts.append(Prompt(text, clusters={"document": str(document)}))
    return PromptSet("random words", tuple(prompts), cluster_by=("document",))


def _prompt(frame: str, template: str, cue: int, other: int) -> Prompt:
    text = frame.format(cue=f"cue{cue}")
    return Prompt(
        text,
        corrupt=frame.format(cue=f"cue{other}"),
        answer=f" answer{cue}",
        foil=f" foil{cue}",
        positions={"cue": text[: text.index(f" cue{cue} ")] + f" cue{cue}"},
        clusters={"template": template},
    )


def _some_words(generator: np.random.Generator, least: int, most: int) -> str:
    chosen = generator.integers(FILLERS, size=generator.integers(least, most + 1))
    return " ".join(f"word{n}" for n in chosen)


@dataclass(frozen=True)
class _Sizes:
    """What `lookup_model` is given."""

    effect: float
    spread: float
    constant: float
    backup: float


def _weights(shape: Shape, sizes: _Sizes, skewed: bool, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng(seed)
    effect, constant, backup = sizes.effect, sizes.constant, sizes.backup
    by_cue, by_marker = (_around_one(generator, n, sizes.spread) for n in (CUES, MARKERS))
    if skewed:
        drawn = generator.exponential(size=CUES)
        by_cue = drawn / drawn.mean()
    share_of_start = _RESTING * _around_one(generator, CUES, 0.1)
    made = Blueprint(shape)
    _embed(made, by_marker, share_of_start)
    _unembed(made)
    gains, loudness = np.diag(by_cue), max(effect, 0.5)
    leak = 0.01 * generator.standard_normal((CUES, CUES))  # so that no effect is exactly nothing
    _look_for_cue(made, 1, 0, gains)
    made.output(1, 0, "say", 2.0 * effect * np.eye(CUES))
    _rest_on_the_start(made, 1, 1)
    made.output(1, 1, "class", np.array([[constant / _RESTING]]))
    for head in (2, 3):
        _look_for_cue(made, 1, head, np.eye(CUES), markers_distract=False)
        made.output(1, head, "wire", loudness * np.eye(CUES))
    for (layer, head), gain in _LOUD_PEERS.items():
        _look_for_cue(made, layer, head, gains)
        made.output(layer, head, "aside", 2.0 * gain * loudness * np.eye(CUES))
        made.output(layer, head, "say", leak)
    for (layer, head), gain in _QUIET_PEERS.items():
        _rest_on_the_start(made, layer, head)
        made.output(layer, head, "aside", gain * constant / _RESTING * np.eye(1, CUES))
        made.output(layer, head, "say", leak[:1])
    for cue, unit in enumerate(np.eye(CUES)):
        _either_is_enough(made, 2 * cue, unit / loudness, backup * by_cue[cue] * unit)
    return made.state_dict()


def _around_one(generator: np.random.Generator, count: int, spread: float) -> Matrix:
    """Numbers at most about `spread` from 1, with the mean 1."""
    drawn = generator.uniform(-spread, spread, count)
    return 1.0 + drawn - drawn.mean()


def _embed(made: Blueprint, by_marker: Matrix, share_of_start: Matrix) -> None:
    size = len(_VOCABULARY)
    cue, mark, leak, start = (np.zeros((size, n)) for n in (CUES, 1, 1, 1))
    cue[_CUE] = np.eye(CUES)
    # a marker's score beside the cue's, so that the cue's share of attention is half of w
    mark[_MARKER, 0] = _FOUND + np.log(2.0 / by_marker - 1.0)
    leak[_CUE, 0] = _FOUND + np.log(1.0 / share_of_start - 1.0)
    start[0] = 1.0
    for part, codes in (("cue", cue), ("mark", mark), ("leak", leak), ("start", start)):
        made.embed(part, codes)
    made.embed("one", np.ones((size, 1)))


def _unembed(made: Blueprint) -> None:
    size = len(_VOCABULARY)
    say, class_, one = np.zeros((size, CUES)), np.zeros((size, 1)), np.zeros((size, 1))
    say[_ANSWER], say[_FOIL] = 0.5 * np.eye(CUES), -0.5 * np.eye(CUES)
    class_[_ANSWER], class_[_FOIL] = 0.5, -0.5
    one[_FILLER] = 6.0
    made.unembed("say", say)
    made.unembed("class", class_)
    made.unembed("one", one)


def _look_for_cue(
    made: Blueprint, layer: int, head: int, values: Matrix, *, markers_distract: bool = True
) -> None:
    """Let a head attend to the cue (sharing with the marker) and read which it is."""
    _score(made, layer, head, "cue", np.full((CUES, 1), _FOUND))
    _score(made, layer, head, "mark", np.full((1, 1), float(markers_distract)))
    _score(made, layer, head, "start", np.full((1, 1), _FOUND / 2))
    made.value(layer, head, "cue", values)


def _rest_on_the_start(made: Blueprint, layer: int, head: int) -> None:
    """Let a head attend to the beginning, a little to the cue, and read how much."""
    _score(made, layer, head, "start", np.full((1, 1), _FOUND))
    _score(made, layer, head, "leak", np.ones((1, 1)))
    made.value(layer, head, "start", np.ones((1, 1)))


def _score(made: Blueprint, layer: int, head: int, part: str, scores: Matrix) -> None:
    """Attention scores by what a part of the key's residual stream holds, from everywhere."""
    made.query_always(layer, head, np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
    made.key(layer, head, part, scores)


def _either_is_enough(made: Blueprint, first: int, reads: Matrix, writes: Matrix) -> None:
    """Two neurons that write when 0.65 of what one head writes is there, and not up to 0.35."""
    for neuron, threshold, sign in ((first, 0.35, 1.0), (first + 1, 0.65, -1.0)):
        made.neuron(
            1, neuron, {"wire": reads / 0.3}, {"say": sign * writes}, threshold=threshold / 0.3
        )
