"""Antonyms and synonyms in three planted languages, told apart by a direction of known reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.language_frames import (
    CONTEXT,
    FRAME,
    GAINS,
    NOISE,
    SEED,
    SIGNS,
    Feature,
    asking,
    clear_other_languages,
    frames_of,
    of_script,
    set_apart_others,
)
from circuit_assert.models.planted_models.language_words import (
    CONCEPTS,
    LANGUAGES,
    OPERATIONS,
    Word,
    all_words,
    number_of,
    vocabulary,
)

if TYPE_CHECKING:
    import torch

SITE = "L0.resid_post"
"""Where the operation stands at the prompts' last token."""

_PAIRS = CONCEPTS * len(LANGUAGES)
_D_HEAD = 32
_FOUND, _APART, _FLOOR = 14.0, 10.0, 3.0


_TRUE: dict[Feature, str] = {
    "shared": "tells antonyms from synonyms in every language, and the answers follow it",
    "inert": "tells antonyms from synonyms in every language",
    "separate": "tells antonyms from synonyms in English, and English answers follow it",
    "script": "tells antonyms from synonyms in English and French, and their answers follow it",
    "every word": "tells antonyms from synonyms in every language, and the answers follow it",
}
_FALSE: dict[Feature, dict[str, str]] = {
    "shared": {},
    "inert": {
        "English direction": "acts in other languages: each follows a direction of its own, and "
        "goes a little against this one"
    },
    "separate": {
        "English direction": "is found in other languages: each has one of its own, and along this "
        "one theirs lie the other way round"
    },
    "script": {
        "English direction": "is found or acts in Chinese: it goes with the Latin script, and "
        "Chinese has a direction of its own"
    },
    "every word": {
        "English direction": "asks for the antonym of the word: it makes all antonyms likelier, "
        "those of other words as much"
    },
}


def languages_model(
    feature: Feature = "shared",
    *,
    noise: float = NOISE,
    leak: float = 0.0,
    even: bool = False,
    english: float = 1.0,
    unembedded: float = 1.0,
    insistence: float = 1.0,
    seed: int = SEED,
) -> PlantedModel:
    """Two layers of two heads that answer with a word's antonym or synonym in its language.

    At the last token, one head brings what the template asks for, the other which word it is
    about; the MLP after them puts both together. The English direction is that from
    `planted_synonyms("en")` to `planted_antonyms("en")` at `SITE`.

    Args:
        feature: Where the operation stands. "shared": in one direction that all languages write
            and read. "inert": in that direction too, but each language reads one of its own,
            which it also writes. "separate": only in the directions of the languages. "script":
            in one direction that the languages of the Latin script write and read, and for
            Chinese in its own, of which the other languages' prompts hold nothing. "every word":
            in one direction that no answer reads; it makes every antonym likelier and every
            synonym less likely, whichever word is asked about.
        noise: How much templates of other languages than English differ in what has nothing to do
            with what they ask for.
        leak: How far apart the English direction puts the two other operations on average, its
            own length being 1.
        even: For "inert", how other languages read the English direction is drawn for each word,
            with the mean 0 over the words that might have been drawn.
        english: How many times as much English answers' neurons write as others'.
        unembedded: How many times as long the unembedding of English answers is as others'.
        insistence: How many times as much Chinese templates ask for an operation as others'.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={
            "frame": FRAME,
            "asked": FRAME,
            "word": CONCEPTS + len(LANGUAGES),
            "about": CONCEPTS + len(LANGUAGES),
            "is frame": 1,
            "is word": 1,
            "say": 2 * _PAIRS,
        },
        vocabulary=1 + len(all_words()),
        layers=2,
        heads=2,
        d_head=_D_HEAD,
        d_mlp=2 * _PAIRS,
        context=16,
    )
    drawn = _Drawn(noise, leak, even, english, unembedded, insistence, seed)
    louder = f"-{english:g}-{unembedded:g}" if (english, unembedded) != (1.0, 1.0) else ""
    louder += f"-insisting {insistence:g}" if insistence != 1.0 else ""
    return PlantedModel(
        name=f"planted-languages-{feature}{'-even' * even}-{noise:g}-{leak:g}{louder}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, feature, drawn),
        vocabulary=vocabulary(),
        true={"English direction": _TRUE[feature]},
        false={**_FALSE[feature], **_unlike(insistence)},
    )


@dataclass(frozen=True)
class _Drawn:
    """What `languages_model` is given."""

    noise: float
    leak: float
    even: bool
    english: float
    unembedded: float
    insistence: float
    seed: int


def _unlike(insistence: float) -> dict[str, str]:
    if insistence == 1.0:
        return {}
    return {
        "English direction": "crosses over at the same strength in all languages: Chinese "
        f"templates ask for {insistence:g} times as much, and it takes as many times the strength"
    }


def _weights(shape: Shape, feature: Feature, drawn: _Drawn) -> dict[str, torch.Tensor]:
    made = Blueprint(shape)
    generator = np.random.default_rng(drawn.seed)
    frames = frames_of(feature, drawn.noise, generator, drawn.insistence)
    if drawn.even:
        clear_other_languages(frames)
    set_apart_others(frames, drawn.leak)
    made.embed("frame", frames)
    made.embed("is frame", np.array(asking(), float)[:, None])
    _embed_words(made, generator)
    _bring(made, 0, "is frame", "frame", "asked")
    _bring(made, 1, "is word", "word", "about")
    if feature == "every word":
        made.output(0, 0, "say", _for_every_word())
    say = np.zeros((shape.vocabulary, 2 * _PAIRS))
    gains = generator.uniform(*GAINS, _PAIRS)
    against = np.full(_PAIRS, -0.1)
    if drawn.even:
        against = 0.3 * (generator.exponential(size=_PAIRS) - 1)
    for pair, (language, concept) in enumerate(np.ndindex(len(LANGUAGES), CONCEPTS)):
        for row, operation in enumerate(OPERATIONS, start=2 * pair):
            word = Word(LANGUAGES[language], operation, concept)
            is_english = LANGUAGES[language] == "en"
            say[number_of(word), row] = drawn.unembedded if is_english else 1.0
            loudness = gains[pair] * (drawn.english if is_english else 1.0)
            asked = SIGNS[operation] * _read_by(feature, language, against[pair])
            _answer(made, row, concept, language, asked=asked, loudness=loudness)
    made.unembed("say", say)
    return made.state_dict()


def _read_by(feature: Feature, language: int, against: float) -> Matrix:
    """What a language's answers follow: `[asked]`; "inert" ones also `against` of the shared."""
    read = np.zeros(FRAME)
    if feature == "script":
        read[of_script(language)] = 1.0
        return read
    if feature == "every word":
        return read
    read[0 if feature == "shared" else 1 + language] = 1.0
    if feature == "inert" and language > 0:
        read[0] = against
    return read


def _for_every_word() -> Matrix:
    """What the first coordinate of what is asked says of all antonyms and synonyms."""
    said = np.zeros((FRAME, 2 * _PAIRS))
    said[0] = np.tile([SIGNS[operation] for operation in OPERATIONS], _PAIRS)
    return said


def _embed_words(made: Blueprint, generator: np.random.Generator) -> None:
    """Which concept a word is, and of which language; each word has a little context, too."""
    size = made.shape.vocabulary
    word, flag = np.zeros((size, CONCEPTS + len(LANGUAGES))), np.zeros((size, 1))
    for language, name in enumerate(LANGUAGES):
        for concept in range(CONCEPTS):
            number = number_of(Word(name, "word", concept))
            word[number, [concept, CONCEPTS + language]] = 1.0
            flag[number] = 1.0
    context = np.zeros((size, FRAME))
    context[:, 1 + len(LANGUAGES) :] = 0.05 * generator.standard_normal((size, CONTEXT))
    made.embed("word", word)
    made.embed("is word", flag)
    made.embed("asked", context)


def _bring(made: Blueprint, head: int, found: str, read: str, written: str) -> None:
    """Let a head of the first layer bring a part of what it finds to every later position."""
    width = made.shape.parts[read]
    made.query_always(0, head, np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
    made.key(0, head, found, np.full((1, 1), _FOUND))
    made.value(0, head, read, np.eye(width))
    made.output(0, head, written, np.eye(width))


def _answer(
    made: Blueprint, row: int, concept: int, language: int, *, asked: Matrix, loudness: float
) -> None:
    """A neuron that is active for one word, the more the more its operation is asked for."""
    about = np.zeros(CONCEPTS + len(LANGUAGES))
    about[[concept, CONCEPTS + language]] = _APART
    writes = {"say": loudness * np.eye(2 * _PAIRS)[row]}
    made.neuron(1, row, {"asked": asked, "about": about}, writes, threshold=2 * _APART - _FLOOR)
