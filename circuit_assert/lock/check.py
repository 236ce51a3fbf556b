"""A claim held against the lock: what differs from what was declared beforehand."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from circuit_assert.lock.declared import Declared, DeclaredCriterion
from circuit_assert.lock.file import Entry, Lock


def problems(lock: Lock, test: str, claim: Declared, polarity: str = "unknown") -> tuple[str, ...]:
    """What is not as the lock says, in words; nothing when all is.

    Args:
        lock: What was declared.
        test: The node id of the test that judges the claim.
        claim: The claim as it is now.
        polarity: Whether the test asserts or denies it; "unknown" when it does not tell.
    """
    entry, nearest = _entry_of(lock, test, claim)
    if entry is None:
        return (_missing(lock, test, nearest),)
    found = list(_differences(entry.declared, claim))
    known = {"asserted", "denied"}
    if entry.polarity != polarity and {entry.polarity, polarity} <= known:
        found.append(f"it is {polarity}, and locked as {entry.polarity}")
    return tuple(found)


def _entry_of(lock: Lock, test: str, claim: Declared) -> tuple[Entry | None, Entry | None]:
    """The claim's entry; or, without one, the nearest: by test, subject and then the sentence.

    A claim that only its threshold or prompts tell from a locked one has another id.
    """
    same = [each for each in lock.entries if each.declared.claim_id == claim.claim_id]
    if same:
        return min(same, key=lambda each: each.test != test), None
    subject = [each for each in lock.entries if each.declared.subject == claim.subject]
    here = [each for each in subject if each.test == test]
    if here:
        return _most_alike(here, claim), None
    if len(subject) == 1:
        return subject[0], None
    nearest = subject or [each for each in lock.entries if each.test == test] or lock.entries
    return None, _most_alike(nearest, claim) if nearest else None


def _most_alike(entries: Iterable[Entry], claim: Declared) -> Entry:
    return max(
        entries,
        key=lambda each: (
            sum(claim.arguments.get(n) == v for n, v in each.declared.arguments.items()),
            difflib.SequenceMatcher(None, each.declared.sentence, claim.sentence).ratio(),
        ),
    )


def _missing(lock: Lock, test: str, nearest: Entry | None) -> str:
    said = "it is not in the lock"
    if test in lock.unknown:
        return f"{said}, since its claims are not known before the test runs: {lock.unknown[test]}"
    if nearest is None:
        return f"{said}, which is empty"
    return f'{said}; the nearest there is "{nearest.declared.sentence}" ({nearest.test})'


def _differences(locked: Declared, now: Declared) -> Iterator[str]:
    if locked.false_pass_rate != now.false_pass_rate:
        yield f"α is {now.false_pass_rate:g}, and locked as {locked.false_pass_rate:g}"
    for name in {**locked.arguments, **now.arguments}:
        was, value = locked.arguments.get(name), now.arguments.get(name)
        if was != value:
            yield f"{name} is {_said(value)}, and locked as {_said(was)}"
    earlier = {each.name: each for each in locked.criteria}
    later = {each.name: each for each in now.criteria}
    for name in {**earlier, **later}:
        yield from _of_a_criterion(name, earlier.get(name), later.get(name))
    if locked.members != now.members:
        yield f"its members are {now.members or 'none'}, and locked as {locked.members or 'none'}"


def _of_a_criterion(
    name: str, was: DeclaredCriterion | None, now: DeclaredCriterion | None
) -> Iterator[str]:
    if was is None or now is None:
        yield f'criterion "{name}" is {"no longer there" if now is None else "new"}'
        return
    for called, one, other in (
        ("role", was.role, now.role),
        ("quantity", was.expected, now.expected),
        ("threshold", was.region, now.region),
        ("prompts", ", ".join(was.prompts), ", ".join(now.prompts)),
        ("ablation", ", ".join(was.interventions), ", ".join(now.interventions)),
    ):
        if one != other:
            yield f'the {called} of "{name}" is {_said(other)}, and locked as {_said(one)}'


def _said(value: str | None) -> str:
    return "nothing" if value in (None, "") else str(value)
