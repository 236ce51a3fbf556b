"""What three planted languages consist of: their words, and prompts that ask for an operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from circuit_assert.prompts.antonyms import balanced
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

Operation = Literal["antonym", "synonym"]

OPERATIONS: tuple[Operation, Operation] = ("antonym", "synonym")
LANGUAGES = ("en", "fr", "zh")
CONCEPTS, TEMPLATES, UNRELATED = 20, 16, 48
OTHERS = ("colour", "number")
"""Operations that have nothing to do with these."""

_CHINESE = {"ask": "问", "antonym": "反义", "synonym": "同义", "word": "词", "is": "是"}


@dataclass(frozen=True)
class Word:
    """One word: "fr-word-3", "en-ask-antonym-7", "问反义7"."""

    language: str
    kind: str
    number: int | None = None

    def __str__(self) -> str:
        parts = self.kind.split()
        number = "" if self.number is None else str(self.number)
        if self.language == "zh":
            return "".join(_CHINESE[part] for part in parts) + number
        return "-".join(filter(None, (self.language, *parts, number)))


def planted_antonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is a word's antonym and whose foil is its synonym.

    20 concepts crossed with 16 templates in each language; the arguments are those of
    `circuit_assert.antonyms`.
    """
    return _operation("antonym", languages, per_concept)


def planted_synonyms(*languages: str, per_concept: int | None = None) -> PromptSet:
    """Prompts whose answer is a word's synonym and whose foil is its antonym."""
    return _operation("synonym", languages, per_concept)


def planted_unrelated(*, per_concept: int | None = None) -> PromptSet:
    """48 English templates that ask for neither, with the words of `planted_antonyms("en")`."""
    prompts = _crossed("nothing", "en", UNRELATED, per_concept, _no_answers)
    return PromptSet("unrelated", prompts, cluster_by=("template", "concept"))


def planted_operations() -> tuple[PromptSet, PromptSet]:
    """Two English operations that have nothing to do with antonyms, 16 templates each."""
    first, second = (
        PromptSet(name, _crossed(name, "en", TEMPLATES, None, _no_answers), ("concept", "template"))
        for name in OTHERS
    )
    return first, second


def _operation(
    operation: Operation, languages: tuple[str, ...], per_concept: int | None
) -> PromptSet:
    right, wrong = OPERATIONS if operation == "antonym" else OPERATIONS[::-1]
    chosen = languages or LANGUAGES
    prompts: list[Prompt] = []
    for language in chosen:

        def answers(concept: int, language: str = language) -> tuple[str, str]:
            return f" {Word(language, right, concept)}", f" {Word(language, wrong, concept)}"

        prompts += _crossed(operation, language, TEMPLATES, per_concept, answers)
    name = f"planted {operation}s({', '.join(chosen)})"
    return PromptSet(name, tuple(prompts), cluster_by=("concept", "template"))


def _no_answers(concept: int) -> tuple[None, None]:
    return None, None


def _crossed(
    asked: str,
    language: str,
    templates: int,
    per_concept: int | None,
    answers: Callable[[int], tuple[str | None, str | None]],
) -> tuple[Prompt, ...]:
    """Each concept in each template (or in a balanced part of them)."""
    prompts: list[Prompt] = []
    for concept in range(CONCEPTS):
        answer, foil = answers(concept)
        for number in balanced(concept, CONCEPTS, templates, per_concept):
            before = f"{Word(language, f'ask {asked}', number)} {Word(language, 'word', concept)}"
            clusters = {
                "concept": f"concept {concept}",
                "template": f"{asked}/{language}/{number + 1}",
                "cognate": "no",
                "root": "none",
            }
            prompts.append(
                Prompt(
                    f"{before} {Word(language, 'is')}",
                    answer=answer,
                    foil=foil,
                    positions={"word": before},
                    clusters=clusters,
                    language=language,
                )
            )
    return tuple(prompts)


@cache
def all_words() -> tuple[Word, ...]:
    """The vocabulary, after the token that begins every sequence."""
    made: list[Word] = []
    for language in LANGUAGES:
        made += [Word(language, "is")]
        made += [Word(language, f"ask {o}", n) for o in OPERATIONS for n in range(TEMPLATES)]
        made += [
            Word(language, kind, concept)
            for kind in ("word", *OPERATIONS)
            for concept in range(CONCEPTS)
        ]
    made += [Word("en", "ask nothing", n) for n in range(UNRELATED)]
    made += [Word("en", f"ask {name}", n) for name in OTHERS for n in range(TEMPLATES)]
    return tuple(made)


@cache
def _numbers() -> dict[Word, int]:
    return {token: number for number, token in enumerate(all_words(), start=1)}


def number_of(word: Word) -> int:
    """Its token."""
    return _numbers()[word]


@cache
def vocabulary() -> tuple[str, ...]:
    """Token → text, with its leading space; token 0 begins every sequence."""
    return ("<begin>", *(f" {token}" for token in all_words()))
