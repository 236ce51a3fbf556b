"""Which claim of the ledgers is meant: by id, address, test, or words of its sentence."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import Ledger
from circuit_assert.reporting.columns import cut, visible
from circuit_assert.reporting.drawing.history import Judgement
from circuit_assert.reporting.terminal import MARK_OF

_LEAST_PREFIX = 4
_MOST_LISTED = 30
Judged = dict[str, list[Judgement]]


def the_claim(ledgers: Iterable[Ledger], meant: str) -> list[Judgement]:
    """The judgements of the claim that is meant, the earliest first.

    Args:
        ledgers: The earliest first.
        meant: Its id or the beginning of it, a sentence, a test, an address, or some words.

    Raises:
        CircuitAssertError: when there is none, naming the nearest, or when there are several.
    """
    judged = _judged(ledgers)
    for matches in _ways(meant):
        found = [each for each in judged.values() if matches(each[-1])]
        if len(found) == 1:
            return found[0]
        if found:
            raise CircuitAssertError(_several(meant, found))
    raise CircuitAssertError(_none(meant, judged))


def _judged(ledgers: Iterable[Ledger]) -> Judged:
    """The first judgement in each run, by claim id."""
    judged: Judged = {}
    for ledger in ledgers:
        first = {claim.claim_id: claim for claim in reversed(ledger.claims)}
        for claim_id, claim in first.items():
            judged.setdefault(claim_id, []).append(Judgement(claim, ledger))
    return judged


def _ways(meant: str) -> list[Callable[[Judgement], bool]]:
    """What `meant` may be, the surest first."""
    low = meant.casefold().strip()
    words = low.split()
    is_prefix = len(low) >= _LEAST_PREFIX and " " not in low
    return [
        lambda each: each.claim.claim_id == low,
        lambda each: low in (each.claim.sentence.casefold(), each.claim.words.casefold()),
        lambda each: is_prefix and each.claim.claim_id.startswith(low),
        lambda each: each.claim.nodeid == meant or each.claim.nodeid.endswith(f"::{meant}"),
        lambda each: set(words) <= set(_words(each)),
        lambda each: all(word in each.claim.sentence.casefold() for word in words),
    ]


def _words(judgement: Judgement) -> list[str]:
    return judgement.claim.sentence.casefold().replace(",", " ").split()


def _several(meant: str, found: list[list[Judgement]]) -> str:
    listed = [_line(each[-1]) for each in found[:_MOST_LISTED]]
    more = len(found) - len(listed)
    rest = f"\n  … {more} more" if more else ""
    return (
        f"{visible(meant)!r} may be any of {len(found)} claims; give an id, or more words:\n"
        + "\n".join(listed)
        + rest
    )


def _none(meant: str, judged: Judged) -> str:
    if not judged:
        return "the ledgers hold no claim."
    sentences = {each[-1].claim.words: each[-1] for each in judged.values()}
    near = difflib.get_close_matches(meant, sentences, n=3, cutoff=0.3) or list(sentences)[:3]
    listed = "\n".join(_line(sentences[words]) for words in near)
    return f"no claim is {visible(meant)!r}. The nearest:\n{listed}"


def _line(judgement: Judgement) -> str:
    claim = judgement.claim
    said = f"{MARK_OF.get(claim.verdict, ' ')} {visible(claim.verdict):<12}"
    where = f"{claim.at[:10]} {claim.nodeid}".strip()
    sentence = cut(visible(claim.sentence), 100)
    return f"  {visible(claim.claim_id)}  {said}  {sentence}\n{'':30}{visible(where)}"
