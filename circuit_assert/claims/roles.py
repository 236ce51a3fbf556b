"""Claims about attention between the roles that a prompt set names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.probes import Probe, attention_to, contrast
from circuit_assert.claims.quantities import Score
from circuit_assert.claims.uniform import beyond_uniform
from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.surroundings import AttentionBeside
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.stats.region import above


@claim("{head} attends to {role} from {at}", source="Wang et al. 2022, arXiv:2211.00593, §3")
def head_attends_to(
    head: Subject,
    role: str,
    *,
    on: Prompts,
    by: float,
    versus: str | Sequence[str],
    at: str = "end",
) -> Body:
    """From one position of the prompts, the head attends to another more than to its rivals.

    Attention is a share, 0 to 1; the claim is about where it goes, not about what is done with it.
    Controls: the tokens right beside the role's get less, so that it is not the neighbourhood that
    is attended to; the role gets more than an even share.

    Args:
        head: One head, as `model["L11H3"]`.
        role: A position that the prompts name, as "IO".
        on: The prompts.
        by: Smallest difference that counts, a share of attention, against each rival.
        versus: Other roles, as "S1" or ["S1", "S2"]; or "corrupt": the same position on the
            prompts' corrupt side.
        at: The position that attends.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for a role that the prompts do not have, that comes after `at`, or that is its
            own rival.

    Pitfalls:
        It says nothing of why the head attends there. With one order of the roles a head that
        attends by position passes: `ioi` has both orders of the names.
    """
    more, controls, scope = attends_more(head, role, on=on, by=by, versus=versus, at=at)
    return replace(all_of(*more, guards=controls), scope=scope)


def attends_more(
    head: Subject,
    role: str,
    *,
    on: Prompts,
    by: float,
    versus: str | Sequence[str],
    at: str,
    of: str = "",
) -> tuple[list[Criterion], list[Criterion], str]:
    """The criteria of `head_attends_to`, its controls, and what the sentence has to add.

    Args:
        head: As there, and so on.
        role: As there.
        on: As there.
        by: As there.
        versus: As there.
        at: As there.
        of: What names of criteria begin with, where there are several heads.

    Raises:
        ComponentError: as there.
        ClaimError: as there.
    """
    rivals = (versus,) if isinstance(versus, str) else tuple(versus)
    if not rivals or role in rivals:
        raise ClaimError(f"versus= names other roles than {role!r}, or is 'corrupt'.")
    check_roles(on, role, at)
    for rival in rivals:
        if rival != "corrupt":
            check_roles(on, rival, at)
    there = attention_to(head, role, at=at)
    more = [
        contrast(
            there,
            versus="corrupt" if rival == "corrupt" else attention_to(head, rival, at=at),
            on=on,
            by=by,
            name=f"{of}more than {_said(rival)}",
        )
        for rival in rivals
    ]
    controls = [
        replace(not_beside(there, role, at, on), name=f"{of}not beside"),
        beyond_uniform(there, f"{at}→{role}", on, 0.0, name=f"{of}not evenly"),
    ]
    return more, controls, f"more than {' and '.join(map(_said, rivals))}"


def _said(rival: str) -> str:
    return "on the corrupt side" if rival == "corrupt" else f"to {rival!r}"


def not_beside(there: Probe, role: str, at: str, on: Prompts) -> Criterion:
    """That a head attends to a role more than to the token on either side of it.

    Args:
        there: Its attention to the role.
        role: The role.
        at: The role that attends.
        on: The prompts.
    """
    beside = Score(Request(AttentionBeside(at, role), on), there.pick)
    words = f"{there.words} minus that to either token beside it"
    unit = there.measurement.quantity
    return Criterion("not beside", there.on(on) - beside, above(0.0), words, unit, there.model)


def check_roles(on: Prompts, role: str, at: str) -> None:
    """See that prompts have two roles, and that one can attend to the other.

    Prompts whose roles only tokenizing tells are left to it.

    Raises:
        ClaimError: when they do not, with the nearest role that there is.
    """
    if not isinstance(on, PromptSet):
        return
    known = sorted({"end", *on.prompts[0].positions})
    for name in (role, at):
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise ClaimError(
                f"{on.name} has no position {name!r}: it has {', '.join(known)}. Try {near!r}."
            )
    if all(_place(prompt, role) >= _place(prompt, at) for prompt in on.prompts):
        raise ClaimError(
            f"{role!r} does not come before {at!r} in any prompt of {on.name}, so that no head can "
            f"attend from there to it. Give at= a later position, as 'end'."
        )


def _place(prompt: Prompt, role: str) -> int:
    """Where a role's piece ends in the text."""
    if role == "end":
        return len(prompt.text)
    piece = prompt.positions[role]
    return prompt.text.rindex(piece) + len(piece)
