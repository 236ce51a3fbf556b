"""Antonyms and synonyms of the same concepts, each asked in many ways, in seven languages."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from circuit_assert.errors import PromptError
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

Operation = Literal["antonym", "synonym"]

LANGUAGES = ("en", "fr", "es", "de", "it", "zh", "ja")

# How words for the two operations begin, without accents → the root they share across languages.
_ROOTS = {
    "anton": "antonym",
    "contra": "contrary",
    "equiv": "equivalent",
    "inver": "reverse",
    "opos": "opposite",
    "oppo": "opposite",
    "opue": "opposite",
    "rever": "reverse",
    "reves": "reverse",
    "roves": "reverse",
    "sinon": "synonym",
    "synon": "synonym",
}


class Words(NamedTuple):
    """A concept in one language."""

    word: str
    antonym: str
    synonym: str


@dataclass(frozen=True)
class Vocabulary:
    """What the shipped prompts know of one language.

    Args:
        language: ISO 639-1 code.
        antonym: Templates that ask for the antonym of {word}.
        synonym: Templates that ask for a synonym of {word}.
        concepts: Concept id (an English word) → its words.
    """

    language: str
    antonym: tuple[str, ...]
    synonym: tuple[str, ...]
    concepts: dict[str, Words]


def antonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is the antonym of a word, and whose foil is a synonym of it.

    40 concepts crossed with 20 paraphrase templates in each language. An answer follows an
    opening quotation mark, without a space.

    Args:
        languages: ISO 639-1 codes among `LANGUAGES`; all of them when none is given.
        per_concept: How many of the templates each concept is put in; all by default. A smaller
            number gives a balanced part of the cross: every template has about as many concepts.

    The position "word" is the last token of the word asked about. Decisions are made by
    "concept" and "template", crossed. Two more ids are for sensitivity checks: "cognate" is
    "yes" where a word looks like its English counterpart (`cognates`; never in English), and
    "root" is the root of the template's word for the operation if other languages share it
    ("contrary" in "le contraire de"), otherwise "none".
    """
    return _operation("antonym", languages, per_concept)


def synonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is a synonym of a word, and whose foil is its antonym.

    As `antonyms`, with the same concepts and words.
    """
    return _operation("synonym", languages, per_concept)


def cognates(language: str) -> tuple[str, ...]:
    """The concepts of which a word begins with the same four letters as in English."""
    if language == "en":
        return ()
    english = vocabulary("en").concepts
    theirs = vocabulary(language).concepts
    return tuple(
        concept
        for concept, words in theirs.items()
        if any(_stem(a) == _stem(b) for a, b in zip(words, english[concept], strict=True))
    )


@cache
def vocabulary(language: str) -> Vocabulary:
    """The templates and words of one language."""
    if language not in LANGUAGES:
        raise PromptError(
            f"there are no words in {language!r}: the shipped languages are {', '.join(LANGUAGES)}."
        )
    data = read(f"languages/{language}")
    concepts = {concept: Words(*words) for concept, words in data["words"].items()}
    return Vocabulary(language, lines(data["antonym"]), lines(data["synonym"]), concepts)


def balanced(index: int, units: int, levels: int, chosen: int | None) -> tuple[int, ...]:
    """Which `chosen` of `levels` levels unit `index` of `units` gets: all are used about equally.

    Neighbours overlap, so that no level is seen with one group of units only.
    """
    if chosen is None:
        return tuple(range(levels))
    if not 1 <= chosen <= levels:
        raise PromptError(f"per_concept is {chosen}: there are 1 to {levels} templates to choose.")
    start = index * levels // units
    return tuple(sorted((start + step) % levels for step in range(chosen)))


def _operation(
    operation: Operation, languages: tuple[str, ...], per_concept: int | None
) -> PromptSet:
    chosen = tuple(dict.fromkeys(languages)) or LANGUAGES
    prompts = tuple(p for lang in chosen for p in _in_language(operation, lang, per_concept))
    suffix = f"({', '.join(chosen)})" if languages else ""
    return PromptSet(f"{operation}s{suffix}", prompts, cluster_by=("concept", "template"))


def _in_language(operation: Operation, language: str, per_concept: int | None) -> list[Prompt]:
    known = vocabulary(language)
    templates = known.antonym if operation == "antonym" else known.synonym
    alike = cognates(language)
    prompts: list[Prompt] = []
    for index, (concept, words) in enumerate(known.concepts.items()):
        for number in balanced(index, len(known.concepts), len(templates), per_concept):
            clusters = {
                "concept": concept,
                "template": f"{operation}/{language}/{number + 1}",
                "cognate": "yes" if concept in alike else "no",
                "root": _root(templates[number]),
            }
            prompts.append(_prompt(operation, language, templates[number], words, clusters))
    return prompts


def _prompt(
    operation: Operation, language: str, template: str, words: Words, clusters: dict[str, str]
) -> Prompt:
    before, after = template.split("{word}")
    right, wrong = words.antonym, words.synonym
    if operation == "synonym":
        right, wrong = wrong, right
    return Prompt(
        f"{before}{words.word}{after}",
        answer=right,
        foil=wrong,
        positions={"word": before + words.word},
        clusters=clusters,
        language=language,
    )


def _root(template: str) -> str:
    words = _plain(template).replace("'", " ").split()
    return next((_ROOTS[s] for w in words for s in _ROOTS if w.startswith(s)), "none")


def _stem(word: str) -> str:
    return _plain(word)[:4]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
