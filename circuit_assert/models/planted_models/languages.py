"""Antonyms and synonyms in three planted languages, told apart by a direction of known reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.prompts.antonyms import balanced
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

Feature = Literal["shared", "inert", "separate"]
Operation = Literal["antonym", "synonym"]

LANGUAGES = ("en", "fr", "zh")
CONCEPTS, TEMPLATES, UNRELATED = 12, 10, 48
SITE = "L0.resid_post"
"""Where the operation stands at the prompts' last token."""

_CONTEXT = 24  # coordinates that templates differ in, whatever they ask for
_NOISE = 0.3
_FRAME = 1 + len(LANGUAGES) + _CONTEXT  # the operation for all, for each language, the context
_PAIRS = CONCEPTS * len(LANGUAGES)
_D_HEAD = 32
_FOUND, _APART, _FLOOR = 14.0, 10.0, 3.0

_TRUE: dict[Feature, str] = {
    "shared": "tells antonyms from synonyms in every language, and the answers follow it",
    "inert": "tells antonyms from synonyms in every language",
    "separate": "tells antonyms from synonyms in English, and English answers follow it",
}
_FALSE: dict[Feature, dict[str, str]] = {
    "shared": {},
    "inert": {"English direction": "acts in other languages: each reads a direction of its own"},
    "separate": {"English direction": "is found in other languages: each has one of its own"},
}


def languages_model(feature: Feature = "shared") -> PlantedModel:
    """Two layers of two heads that answer with a word's antonym or synonym in its language.

    At the last token, one head brings what the template asks for, the other which word it is
    about; the MLP after them puts both together. The English direction is that from
    `planted_synonyms("en")` to `planted_antonyms("en")` at `SITE`.

    Args:
        feature: Where the operation stands. "shared": in one direction that all languages write
            and read. "inert": in that direction too, but each language reads one of its own,
            which it also writes. "separate": only in the directions of the languages.
    """
    shape = Shape(
        parts={
            "frame": _FRAME,
            "asked": _FRAME,
            "word": CONCEPTS + len(LANGUAGES),
            "about": CONCEPTS + len(LANGUAGES),
            "is frame": 1,
            "is word": 1,
            "say": 2 * _PAIRS,
        },
        vocabulary=len(_vocabulary()),
        layers=2,
        heads=2,
        d_head=_D_HEAD,
        d_mlp=2 * _PAIRS,
        context=16,
    )
    return PlantedModel(
        name=f"planted-languages-{feature}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, feature),
        vocabulary=_vocabulary(),
        true={"English direction": _TRUE[feature]},
        false=_FALSE[feature],
    )


def planted_antonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is a word's antonym and whose foil is its synonym.

    12 concepts crossed with 10 templates in each language; the arguments are those of
    `circuit_assert.antonyms`.
    """
    return _operation("antonym", languages, per_concept)


def planted_synonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is a word's synonym and whose foil is its antonym."""
    return _operation("synonym", languages, per_concept)


def planted_unrelated(*, per_concept: int | None = None) -> PromptSet:
    """48 English templates that ask for neither, with the words of `planted_antonyms("en")`."""
    frames = [f"en-frame{n}" for n in range(UNRELATED)]
    prompts = _crossed("unrelated", "en", frames, per_concept, lambda _: (None, None))
    return PromptSet("unrelated", prompts, cluster_by=("template", "concept"))


def planted_operations() -> tuple[PromptSet, PromptSet]:
    """Two English operations that have nothing to do with antonyms, ten templates each."""
    first, second = (
        PromptSet(
            name,
            _crossed(
                name, "en", [f"en-{name}{n}" for n in range(TEMPLATES)], None, lambda _: (None, None)
            ),
            cluster_by=("concept", "template"),
        )
        for name in ("colour", "number")
    )
    return first, second


def _operation(
    operation: Operation, languages: tuple[str, ...], per_concept: int | None
) -> PromptSet:
    chosen = languages or LANGUAGES
    other: Operation = "synonym" if operation == "antonym" else "antonym"
    prompts: list[Prompt] = []
    for language in chosen:
        frames = [f"{language}-{operation}{n}" for n in range(TEMPLATES)]

        def answers(concept: int, language: str = language) -> tuple[str, str]:
            return f" {language}-{operation}-{concept}", f" {language}-{other}-{concept}"

        prompts += _crossed(operation, language, frames, per_concept, answers)
    name = f"{operation}s({', '.join(chosen)})"
    return PromptSet(name, tuple(prompts), cluster_by=("concept", "template"))


def _crossed(
    kind: str,
    language: str,
    frames: list[str],
    per_concept: int | None,
    answers: Callable[[int], tuple[str | None, str | None]],
) -> tuple[Prompt, ...]:
    """Each concept in each template (or in a balanced part of them)."""
    prompts: list[Prompt] = []
    for concept in range(CONCEPTS):
        answer, foil = answers(concept)
        for number in balanced(concept, CONCEPTS, len(frames), per_concept):
            word = f"{language}-word-{concept}"
            clusters = {
                "concept": f"concept {concept}",
                "template": f"{kind}/{language}/{number + 1}",
                "cognate": "no",
                "root": "none",
            }
            text = f"{frames[number]} {word} {language}-is"
            positions = {"word": f"{frames[number]} {word}"}
            prompts.append(
                Prompt(text, None, answer, foil, positions, clusters, language=language)
            )
    return tuple(prompts)


def _vocabulary() -> tuple[str, ...]:
    words = ["<begin>"]
    for language in LANGUAGES:
        words += [f" {language}-is"]
        words += [f" {language}-{o}{n}" for o in ("antonym", "synonym") for n in range(TEMPLATES)]
        for kind in ("word", "antonym", "synonym"):
            words += [f" {language}-{kind}-{concept}" for concept in range(CONCEPTS)]
    words += [f" en-frame{n}" for n in range(UNRELATED)]
    words += [f" en-{name}{n}" for name in ("colour", "number") for n in range(TEMPLATES)]
    return tuple(words)


def _weights(shape: Shape, feature: Feature) -> dict[str, torch.Tensor]:
    made = Blueprint(shape)
    generator = np.random.default_rng(7)
    vocabulary = _vocabulary()
    _embed_frames(made, vocabulary, feature, generator)
    _embed_words(made, vocabulary, generator)
    _bring(made, 0, "is frame", "frame", "asked")
    _bring(made, 1, "is word", "word", "about")
    gains = generator.uniform(1.2, 1.8, _PAIRS)
    say = np.zeros((len(vocabulary), 2 * _PAIRS))
    for index, (language, concept) in enumerate(np.ndindex(len(LANGUAGES), CONCEPTS)):
        for side, (operation, sign) in enumerate((("antonym", 1.0), ("synonym", -1.0))):
            row = 2 * index + side
            say[vocabulary.index(f" {LANGUAGES[language]}-{operation}-{concept}"), row] = 1.0
            loudness = gains[index]
            _answer(made, row, concept, language, sign, loudness, shared=feature == "shared")
    made.unembed("say", say)
    return made.state_dict()


def _embed_frames(
    made: Blueprint, vocabulary: tuple[str, ...], feature: Feature, generator: np.random.Generator
) -> None:
    """What templates ask for: a coordinate for all languages, one for each, and their context."""
    frame, flag = np.zeros((len(vocabulary), _FRAME)), np.zeros((len(vocabulary), 1))
    for token, text in enumerate(vocabulary):
        language, _, kind = text.strip().partition("-")
        if not kind or kind == "is" or "-" in kind:
            continue
        flag[token] = 1.0
        frame[token] = _NOISE * generator.standard_normal(_FRAME)
        sign = {"ant": 1.0, "syn": -1.0}.get(kind[:3])
        if sign is not None:
            asked = frame[token, : 1 + len(LANGUAGES)]
            asked *= 0.5
            asked[0] += sign * (feature != "separate")
            asked[1 + LANGUAGES.index(language)] += sign * (feature != "shared")
    made.embed("frame", frame)
    made.embed("is frame", flag)


def _embed_words(
    made: Blueprint, vocabulary: tuple[str, ...], generator: np.random.Generator
) -> None:
    """Which concept a word is, and of which language; a little of it looks like context."""
    size = len(vocabulary)
    word, context, flag = np.zeros((size, CONCEPTS + 3)), np.zeros((size, _FRAME)), np.zeros((size, 1))
    for number, language in enumerate(LANGUAGES):
        for concept in range(CONCEPTS):
            token = vocabulary.index(f" {language}-word-{concept}")
            word[token, [concept, CONCEPTS + number]] = 1.0
            flag[token] = 1.0
    made.embed("word", word)
    made.embed("is word", flag)
    context[:, 1 + len(LANGUAGES) :] = 0.05 * generator.standard_normal((size, _CONTEXT))
    made.embed("asked", context)


def _bring(made: Blueprint, head: int, found: str, read: str, written: str) -> None:
    """Let a head of the first layer bring a part of what it finds to every later position."""
    width = made.shape.parts[read]
    made.query_always(0, head, np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
    made.key(0, head, found, np.full((1, 1), _FOUND))
    made.value(0, head, read, np.eye(width))
    made.output(0, head, written, np.eye(width))


def _answer(
    made: Blueprint,
    row: int,
    concept: int,
    language: int,
    sign: float,
    loudness: float,
    *,
    shared: bool,
) -> None:
    """A neuron that is active for one word, the more the more its operation is asked for."""
    asked, about = np.zeros(_FRAME), np.zeros(CONCEPTS + len(LANGUAGES))
    asked[0 if shared else 1 + language] = sign
    about[[concept, CONCEPTS + language]] = _APART
    writes = {"say": loudness * np.eye(2 * _PAIRS)[row]}
    made.neuron(
        1, row, {"asked": asked, "about": about}, writes, threshold=2 * _APART - _FLOOR
    )
