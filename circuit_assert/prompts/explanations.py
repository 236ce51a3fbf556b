"""What someone says a component is active on, as something that predicts it token by token."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import PromptError
from circuit_assert.prompts.base import TokenizedPrompts, Tokenizer
from circuit_assert.prompts.labels import TokenLabel

Predicted: TypeAlias = npt.NDArray[np.float64]
Rule: TypeAlias = Callable[[Sequence[str], int], bool]
Embed: TypeAlias = Callable[[Sequence[str]], Any]


@runtime_checkable
class Predictor(Protocol):
    """Anything that can predict: a model of one's own, a classifier, a language model."""

    def predict(self, given: Any, /) -> Any:  # noqa: ANN401 - tokens, or what `embed` makes of them
        """From a document's tokens (or their embeddings, a row each) to one number for each."""
        ...


@runtime_checkable
class Explanation(Protocol):
    """What a component is said to be active on. Frozen and hashable; nothing goes over a network.

    `explanation(…)` makes one of a rule, a set of tokens, a pattern or a predictor; any object
    with these three will do.
    """

    @property
    def identity(self) -> str:
        """What tells it from others."""
        ...

    def __str__(self) -> str: ...

    def predict(self, tokens: Sequence[str]) -> Sequence[float] | Predicted:
        """For each token of a document how active the component should be there.

        Above 0.5 it is said to be active; a beginning token is among them.
        """
        ...


@dataclass(frozen=True)
class NamedExplanation:
    """An explanation made by `explanation`.

    Args:
        name: What sentences call it.
        by: A rule, tokens, a pattern, or a predictor.
        embed: What the predictor is given, made of the tokens.
    """

    name: str
    by: frozenset[str] | re.Pattern[str] | Rule | Predictor = field(repr=False)
    embed: Embed | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """Its name and a hash of what predicts."""
        embed = "" if self.embed is None else _said_of(self.embed)
        said = hashlib.sha256(f"{_said_of(self.by)} {embed}".encode()).hexdigest()[:12]
        return f"{self.name}#{said}"

    def predict(self, tokens: Sequence[str]) -> Predicted:
        """One number for each token."""
        match self.by:
            case frozenset():
                return np.array([token.strip() in self.by for token in tokens], np.float64)
            case re.Pattern():
                return _matched(self.by, tokens)
            case Predictor():
                given = tokens if self.embed is None else self.embed(tokens)
                return np.asarray(self.by.predict(given), np.float64)
            case rule:
                return np.array([bool(rule(tokens, i)) for i in range(len(tokens))], np.float64)


def explanation(
    name: str,
    by: Collection[str] | re.Pattern[str] | Rule | Predictor,
    *,
    embed: Embed | None = None,
) -> NamedExplanation:
    """What a component is said to be active on.

    Args:
        name: What sentences call it: "digits".
        by: A set of tokens, `{"the", "The"}`, spaces around them aside; a compiled regular
            expression, of which a token must overlap a match in the document's text; a rule,
            `lambda tokens, i: tokens[i].isdigit()`, which may look around; or any object with
            `predict`: a classifier (with `embed`), a language model that you run.
        embed: From a document's tokens to what the object predicts from, a row for each token;
            by default the tokens themselves.

    Raises:
        PromptError: for a name or a set of tokens that is empty, a text in place of a set, or
            something that cannot predict.
    """
    if not name:
        raise PromptError("an explanation needs a name, for the sentence.")
    if isinstance(by, str):
        raise PromptError(f"give a set of tokens, as {{{by!r}}}, or re.compile({by!r}).")
    if embed is not None and not isinstance(by, Predictor):
        raise PromptError("embed= is for an object with predict, such as a classifier.")
    if isinstance(by, re.Pattern | Predictor):
        return NamedExplanation(name, by, embed)
    if isinstance(by, Collection):
        tokens = frozenset(token.strip() for token in by)
        if not tokens - {""}:
            raise PromptError(f"the explanation {name!r} names no token.")
        return NamedExplanation(name, tokens)
    if not callable(by):
        raise PromptError(
            f"the explanation {name!r} cannot predict: give a set of tokens, a compiled regular "
            f"expression, a rule of (tokens, position), or an object with predict."
        )
    return NamedExplanation(name, by)


def predicted(by: Explanation, tokens: Sequence[str]) -> Predicted:
    """What an explanation says of a document's tokens, checked.

    Raises:
        PromptError: when it is not one finite number for each token.
    """
    found = np.asarray(by.predict(tokens), np.float64)
    if found.shape != (len(tokens),) or not np.isfinite(found).all():
        raise PromptError(
            f"the explanation {str(by)!r} has to predict a finite number for each of "
            f"{len(tokens)} tokens; it gave an array of shape {found.shape}."
        )
    return found


@dataclass(frozen=True)
class SaidByExplanation:
    """What an explanation says, as a label of tokens.

    Args:
        explanation: The explanation.
    """

    explanation: Explanation

    def __str__(self) -> str:
        return str(self.explanation)

    @property
    def identity(self) -> str:
        """The explanation's."""
        return self.explanation.identity

    def rows(self, prompts: TokenizedPrompts, tokenizer: Tokenizer) -> list[Predicted]:
        """Per unit, for each token 1 where it predicts more than 0.5, else 0."""
        pieces = ([tokenizer.piece(int(t)) for t in row] for row in prompts.tokens["clean"])
        return [(predicted(self.explanation, each) > 0.5).astype(np.float64) for each in pieces]


def _matched(pattern: re.Pattern[str], tokens: Sequence[str]) -> Predicted:
    ends = np.cumsum([len(token) for token in tokens])
    starts = ends - [len(token) for token in tokens]
    found = np.zeros(len(tokens))
    for match in pattern.finditer("".join(tokens)):
        found[(starts < match.end()) & (ends > match.start())] = 1.0
    return found


def _said_of(by: object) -> str:
    match by:
        case frozenset():
            return str(sorted(by))
        case re.Pattern():
            return f"{by.pattern} {by.flags}"
        case Predictor():
            return _state_of(by)
        case _:
            return TokenLabel("rule", by).identity  # pyright: ignore[reportArgumentType] - any code


def _state_of(predictor: Predictor) -> str:
    """What an object is and holds; what cannot be written out is told by its kind only."""
    given = getattr(predictor, "identity", None)
    if isinstance(given, str):
        return given
    kind = f"{type(predictor).__module__}.{type(predictor).__qualname__}"
    try:
        return f"{kind} {hashlib.sha256(pickle.dumps(predictor)).hexdigest()}"
    except Exception:
        return kind
