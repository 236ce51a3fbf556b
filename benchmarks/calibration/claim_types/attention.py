"""Attention: to the token before, to a duplicate, to a role, exactly at their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import (
    Claim,
    Session,
    head_attends_to,
    head_is_duplicate_token,
    head_is_previous_token,
)
from circuit_assert.components import Subject
from circuit_assert.models.planted_models import (
    AttendingHead,
    attention_model,
    drawn_documents,
    graded_attention_model,
    role_prompts,
)
from circuit_assert.models.planted_models.attention import OWNERS, RIVALS
from circuit_assert.models.planted_models.graded_attention import LENGTHS, PASSAGE, TOKENS
from circuit_assert.prompts.repeated import RepeatedTokens

Reals = npt.NDArray[np.float64]

_DOCUMENTS = 24
_USED = range(1, 16)  # tokens of texts, where random tokens are to differ from them
_QUERIES = np.arange(4, PASSAGE + 1)
_EVEN = float(np.mean(1.0 / (_QUERIES + 1)))  # the share of uniform attention


def _head(name: str, head: AttendingHead) -> Subject:
    return Session().model(graded_attention_model(name, (head,)))["L0H0"]


def _scores(seed: int, of: int, spread: float = 2.0) -> Reals:
    """A score for each token: below zero for most, far above it for a few."""
    drawn = np.random.default_rng([seed, of]).gamma(0.5, spread, TOKENS)
    return drawn - 1.5


def _share(score: Reals) -> Reals:
    """Of a score beside one of zero."""
    return 1.0 / (1.0 + np.exp(-score))


def _previous(head: Subject, by: float, tokens: range) -> Iterator[Claim]:
    for seed in count(1):
        on = drawn_documents(documents=_DOCUMENTS, seed=seed, tokens=tokens)
        yield head_is_previous_token(head, on=on, by=by)


def _everywhere() -> range:
    return range(1, 1 + TOKENS)


def _before_at_by_in_text(seed: int, *, less: float = 0.0) -> Iterator[Claim]:
    """In text, in whatever order; random tokens draw more."""
    key = _scores(seed, 0)
    used = np.array(_USED) - 1
    by = float(_share(key[used]).mean()) - _EVEN
    rest = np.setdiff1d(np.arange(TOKENS), used)
    key[rest] = 4.0
    return _previous(_head(f"text-{seed}", AttendingHead(back={1: 0.0}, key=key)), by - less, _USED)


def _before_at_by_on_random_tokens(seed: int) -> Iterator[Claim]:
    """Random tokens include those of text, which draw more than the others."""
    key = _scores(seed, 1)
    key[np.array(_USED) - 1] = 4.0
    by = float(_share(key).mean()) - _EVEN
    return _previous(_head(f"random-{seed}", AttendingHead(back={1: 0.0}, key=key)), by, _USED)


def _two_before_as_much(seed: int) -> Iterator[Claim]:
    head = AttendingHead(back={1: 1.0, 2: 1.0}, key=_scores(seed, 2))
    return _previous(_head(f"two-{seed}", head), 0.05, _everywhere())


def _before_by_the_detectable_effect(seed: int) -> Iterator[Claim]:
    less = max(
        detectable(next(_before_at_by_in_text(seed)), name) for name in ("on text", "in any order")
    )
    return _before_at_by_in_text(seed, less=less)


def _clearly_before(seed: int) -> Iterator[Claim]:
    head = AttendingHead(back={1: 2.0}, key=_scores(seed, 3, 1.0))
    return _previous(_head(f"previous-{seed}", head), 0.4, _everywhere())


def _same(seed: int, low: float, high: float) -> tuple[Subject, float]:
    """A head that attends to a duplicate by a share of each token's own, and the mean share.

    The attending token itself has the same score as its duplicate.
    """
    shares = low + (high - low) * np.random.default_rng([seed, 4]).beta(0.4, 1.2, TOKENS)
    head = AttendingHead(same=np.log(shares / (1.0 - 2.0 * shares)))
    return _head(f"same-{seed}-{low:g}", head), float(shares.mean())


def _duplicates(head: Subject, by: float) -> Iterator[Claim]:
    return (
        head_is_duplicate_token(head, on=RepeatedTokens(LENGTHS, 24, seed), by=by)
        for seed in count(1)
    )


def _duplicate_at_by(seed: int) -> Iterator[Claim]:
    return _duplicates(*_same(seed, 0.05, 0.45))


def _clearly_duplicate(seed: int) -> Iterator[Claim]:
    return _duplicates(_same(seed, 0.3, 0.48)[0], 0.25)


def _duplicate_by_the_detectable_effect(seed: int) -> Iterator[Claim]:
    head, mean = _same(seed, 0.05, 0.45)
    return _duplicates(head, mean - detectable(next(_duplicates(head, mean)), "pattern"))


def _of_roles(seed: int, shift: float) -> tuple[Subject, float]:
    """A head that attends to owners and rivals by token, and how much more to owners on average."""
    key = np.full(TOKENS, -24.0)
    owners, rivals = (np.array(of) - 1 for of in (OWNERS, RIVALS))
    drawn = _scores(seed, 5)
    key[owners], key[rivals] = drawn[owners] + shift, drawn[rivals]
    odds_of_owners, odds_of_rivals = np.exp(key[owners])[:, None], np.exp(key[rivals])[None]
    more = (odds_of_owners - odds_of_rivals) / (1.0 + odds_of_owners + odds_of_rivals)
    return _head(f"roles-{seed}-{shift:g}", AttendingHead(by_key=True, key=key)), float(more.mean())


def _roles(head: Subject, by: float) -> Iterator[Claim]:
    return (
        head_attends_to(head, "owner", on=role_prompts(seed=seed), versus="rival", by=by)
        for seed in count(1)
    )


def _owner_at_by(seed: int) -> Iterator[Claim]:
    return _roles(*_of_roles(seed, 1.5))


def _owner_by_the_detectable_effect(seed: int) -> Iterator[Claim]:
    head, mean = _of_roles(seed, 1.5)
    less = detectable(next(_roles(head, mean)), "more than to 'rival'")
    return _roles(head, mean - less)


def _clearly_owner(seed: int) -> Iterator[Claim]:
    return _roles(_of_roles(seed, 4.0)[0], 0.2)


def _random_heads(claim_of: Callable[[Subject, int], Claim], seed: int) -> Iterator[Claim]:
    model = Session().model(attention_model().with_random_weights(seed))
    return (claim_of(head, prompts) for prompts, head in enumerate(model.heads().each()))


def _previous_of(head: Subject, seed: int) -> Claim:
    return head_is_previous_token(head, on=drawn_documents(seed=seed), by=0.05)


def _duplicate_of(head: Subject, seed: int) -> Claim:
    return head_is_duplicate_token(head, on=RepeatedTokens(LENGTHS, 24, seed), by=0.05)


def _role_of(head: Subject, seed: int) -> Claim:
    on = role_prompts(seed=seed)
    return head_attends_to(head, "owner", on=on, versus="rival", by=0.05)


_PREVIOUS, _DUPLICATE, _ROLE = (
    "head_is_previous_token",
    "head_is_duplicate_token",
    "head_attends_to",
)
_RANDOM = "heads of random weights"
_DETECTABLE = "pattern by the detectable effect"
CASES = (
    Case(_PREVIOUS, "text, in any order", "at the bound", _before_at_by_in_text),
    Case(_PREVIOUS, "random tokens", "at the bound", _before_at_by_on_random_tokens),
    Case(_PREVIOUS, "offset", "at the bound", _two_before_as_much),
    Case(_PREVIOUS, _DETECTABLE, "true", _before_by_the_detectable_effect, share=0.5),
    Case(_PREVIOUS, "clearly", "true", _clearly_before, share=0.25),
    Case(_PREVIOUS, _RANDOM, "easy null", partial(_random_heads, _previous_of), share=0.25),
    Case(_DUPLICATE, "pattern", "at the bound", _duplicate_at_by),
    Case(_DUPLICATE, _DETECTABLE, "true", _duplicate_by_the_detectable_effect, share=0.5),
    Case(_DUPLICATE, "clearly", "true", _clearly_duplicate, share=0.25),
    Case(_DUPLICATE, _RANDOM, "easy null", partial(_random_heads, _duplicate_of), share=0.25),
    Case(_ROLE, "more than to another role", "at the bound", _owner_at_by),
    Case(_ROLE, _DETECTABLE, "true", _owner_by_the_detectable_effect, share=0.5),
    Case(_ROLE, "clearly", "true", _clearly_owner, share=0.25),
    Case(_ROLE, _RANDOM, "easy null", partial(_random_heads, _role_of), share=0.25),
)
