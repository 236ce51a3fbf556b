"""Strategies over the shipped prompt material: what a search draws, the simplest first."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from circuit_assert.counterexamples.drawn import RepeatedSequence, TokenSequence
from circuit_assert.counterexamples.library import require_hypothesis
from circuit_assert.errors import PromptError
from circuit_assert.models.model import Model
from circuit_assert.prompts.antonyms import antonyms
from circuit_assert.prompts.base import Ints, Tokenizer
from circuit_assert.prompts.data import lines, read
from circuit_assert.prompts.ioi import ORDERS, Corruption, Order, Scene, scene_prompt
from circuit_assert.prompts.prompt_set import Prompt

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Slots: TypeAlias = Mapping[str | tuple[str, ...], Sequence[str | tuple[str, ...]]]


def token_sequences(
    model: Model | Tokenizer, *, shortest: int = 1, longest: int = 16
) -> SearchStrategy[TokenSequence]:
    """Any ordinary tokens in any order; the simplest are few and have small ids.

    Args:
        model: Whose tokens: a model, which is then loaded, or a tokenizer.
        shortest: Fewest tokens, without the beginning token.
        longest: Most tokens.

    Raises:
        PromptError: when the lengths are out of order or do not fit the context.
    """
    require_hypothesis()
    from hypothesis import strategies

    tokenizer = _tokenizer(model)
    _check_lengths(shortest, longest, 1, tokenizer, times=1)
    lists = strategies.lists(_token(tokenizer), min_size=shortest, max_size=longest)
    return lists.map(lambda tokens: TokenSequence(tuple(tokens)))


def repeated_sequences(
    model: Model | Tokenizer, *, shortest: int = 3, longest: int = 24
) -> SearchStrategy[RepeatedSequence]:
    """A block of tokens said twice, as in `repeated_tokens`: no token twice inside a block.

    The simplest are short and have tokens with small ids.

    Args:
        model: Whose tokens: a model, which is then loaded, or a tokenizer.
        shortest: Smallest block length, in tokens; 3 at least.
        longest: Largest block length.

    Raises:
        PromptError: when the lengths are out of order or do not fit the context or vocabulary.
    """
    require_hypothesis()
    from hypothesis import strategies

    tokenizer = _tokenizer(model)
    _check_lengths(shortest, longest, 3, tokenizer, times=2)
    ordinary = tokenizer.ordinary_tokens()
    lists = strategies.lists(_token(tokenizer), min_size=shortest, max_size=longest, unique=True)
    return lists.map(lambda block: _repeated(block, ordinary))


def from_templates(
    templates: Iterable[str],
    slots: Slots,
    *,
    answer: str | None = None,
    foil: str | None = None,
    corrupt: Mapping[str, str] | None = None,
    positions: Mapping[str, str] | None = None,
    language: str = "en",
) -> SearchStrategy[Prompt]:
    """Prompts from templates with {slots}; the simplest have the first template and fillings.

    Args:
        templates: As "{name} went to the {place}".
        slots: Slot → its fillings; or several slots that are filled together → tuples.
        answer: The answer in terms of the slots, as " {name}".
        foil: The foil, likewise.
        corrupt: Slot → what stands there in the corrupt prompt, as {"name": "{other}"}.
        positions: Role → the piece of the text that plays it, as {"subject": "{name}"}.
        language: ISO 639-1 code.

    Raises:
        PromptError: for no templates, a slot without fillings, or a name that is no slot.
    """
    require_hypothesis()
    from hypothesis import strategies

    shapes = tuple(templates)
    _check_templates(shapes, slots, [answer, foil, *(corrupt or {}).values()])
    _check_templates(shapes, slots, [*(positions or {}).values()])

    def fill(number: int, fillings: tuple[str | tuple[str, ...], ...]) -> Prompt:
        values = _values(slots, fillings)
        other = {slot: words.format(**values) for slot, words in (corrupt or {}).items()}
        return Prompt(
            shapes[number].format(**values),
            corrupt=None if corrupt is None else shapes[number].format(**{**values, **other}),
            answer=None if answer is None else answer.format(**values),
            foil=None if foil is None else foil.format(**values),
            positions={role: piece.format(**values) for role, piece in (positions or {}).items()},
            clusters={"template": f"template/{number + 1}"},
            language=language,
        )

    fillings = strategies.tuples(*(strategies.sampled_from(options) for options in slots.values()))
    return strategies.builds(fill, strategies.integers(0, len(shapes) - 1), fillings)


def ioi_prompts(*, corruption: Corruption = "flip") -> SearchStrategy[Prompt]:
    """Prompts of `ioi`, with any of its templates, orders, names, places and things.

    Args:
        corruption: What `corrupt` changes; see `ioi`.

    Raises:
        PromptError: for another corruption.
    """
    require_hypothesis()
    from hypothesis import strategies

    if corruption not in ("flip", "abc"):
        raise PromptError(f'there is no corruption {corruption!r}: give "flip" or "abc".')
    data = read("ioi")
    templates = lines(data["templates"])

    def fill(number: int, order: Order, names: list[str], place: str, thing: str) -> Prompt:
        io, subject, *others = names
        strangers: dict[Order, tuple[str, str, str]] = {}
        if others:
            strangers[order] = (others[0], others[1], others[2])
        scene = Scene(io, subject, strangers, place, thing)
        return scene_prompt(templates[number], f"ioi/{number + 1}", order, scene, corruption)

    name = strategies.sampled_from(sorted(data["names"]))
    names = 5 if corruption == "abc" else 2  # strangers that nobody sees would be shrunk too
    return strategies.builds(
        fill,
        strategies.integers(0, len(templates) - 1),
        strategies.sampled_from(ORDERS),
        strategies.lists(name, min_size=names, max_size=names, unique=True),
        strategies.sampled_from(data["places"]),
        strategies.sampled_from(data["objects"]),
    )


def antonym_prompts(language: str = "en") -> SearchStrategy[Prompt]:
    """Prompts of `antonyms` in one language: any concept in any template.

    Args:
        language: ISO 639-1 code.

    Raises:
        PromptError: for a language that has no prompts.
    """
    require_hypothesis()
    from hypothesis import strategies

    prompts = antonyms(language).prompts
    cells = {(p.clusters["concept"], p.clusters["template"]): p for p in prompts}
    concepts, templates = (tuple(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    return strategies.builds(
        lambda template, concept: cells[concept, template],
        strategies.sampled_from(templates),
        strategies.sampled_from(concepts),
    )


def _tokenizer(model: Model | Tokenizer) -> Tokenizer:
    return model.tokenizer if isinstance(model, Model) else model


def _token(tokenizer: Tokenizer) -> SearchStrategy[int]:
    from hypothesis import strategies

    ordinary = tokenizer.ordinary_tokens()
    return strategies.integers(0, len(ordinary) - 1).map(lambda index: int(ordinary[index]))


def _repeated(block: list[int], ordinary: Ints) -> RepeatedSequence:
    """The fresh block follows from the block, so that there is less to shrink."""
    others = np.setdiff1d(ordinary, block)
    fresh = np.random.default_rng(block).choice(others, size=len(block), replace=False)
    return RepeatedSequence(tuple(block), tuple(fresh.tolist()))


def _check_lengths(
    shortest: int, longest: int, least: int, tokenizer: Tokenizer, *, times: int
) -> None:
    if not least <= shortest <= longest:
        raise PromptError(
            f"lengths go from shortest={shortest} to longest={longest}: give {least} or more, the "
            f"shortest first."
        )
    room = (tokenizer.context_length - len(tokenizer.beginning)) // times
    if times > 1:
        room = min(room, len(tokenizer.ordinary_tokens()) // times)
    if longest > room:
        raise PromptError(
            f"longest={longest} is more than {tokenizer.name} has room for: give {room} or less."
        )


def _check_templates(templates: Sequence[str], slots: Slots, others: Iterable[str | None]) -> None:
    if not templates:
        raise PromptError("give at least one template.")
    names = {name for key in slots for name in _names(key)}
    for slot, options in slots.items():
        if not options:
            raise PromptError(f"the slot {slot!r} has no fillings.")
    for words in [*templates, *(other for other in others if other is not None)]:
        for _, name, _, _ in string.Formatter().parse(words):
            if name is not None and name not in names:
                has = ", ".join(sorted(names)) or "none"
                raise PromptError(f"{words!r} has {{{name}}}, which is no slot; there are: {has}.")


def _names(key: str | tuple[str, ...]) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else key


def _values(slots: Slots, fillings: Iterable[str | tuple[str, ...]]) -> dict[str, str]:
    return {
        name: words
        for key, filling in zip(slots, fillings, strict=True)
        for name, words in zip(_names(key), _names(filling), strict=True)
    }
