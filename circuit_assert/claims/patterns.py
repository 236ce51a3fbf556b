"""Claims about where a head attends: to the token before, to the same token earlier."""

from __future__ import annotations

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, all_of
from circuit_assert.claims.probes import attention_over, attention_to, contrast
from circuit_assert.claims.roles import check_roles, not_beside
from circuit_assert.claims.uniform import beyond_uniform
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.passages import Passages, passages
from circuit_assert.prompts.repeated import RepeatedTokens

_PREVIOUS_BY = 0.4  # ARENA 1.2's detection threshold, there of the plain attention
_TEXT = Passages()


@claim(
    "{head} is a previous-token head",
    source="Olsson et al. 2022, arXiv:2209.11895; Wang et al. 2022, arXiv:2211.00593, App. I",
)
def head_is_previous_token(head: Subject, *, on: Prompts = _TEXT, by: float = _PREVIOUS_BY) -> Body:
    """The head attends to the token before, whatever the tokens are.

    Mean attention to the token before minus the share of uniform attention, from tokens that have
    three others before them: on text, on the same tokens in random order, and on random tokens. A
    head that joins the pieces of words does so on text alone. The first token of the sequence is
    no key that counts, and attention to it stays in the denominator: a head that rests there has
    little left, and nothing is rescaled. Controls: the tokens two and three before get less.

    Args:
        head: One head, as `model["L4H1"]`.
        on: Texts; of each, the first 48 tokens are used.
        by: Smallest share of attention that counts; 0.4 is ARENA 1.2's threshold.

    Raises:
        ComponentError: when `head` is not one head.

    Published:
        In GPT-2 small 4.11 and 2.2 are the two that attend so most (Wang et al.).

    Pitfalls:
        Measured without the first token and rescaled, heads that rest there and do nothing else
        look like previous-token heads. 0.4 is a threshold of the plain attention: with the uniform
        share taken off (0.05 for 48 tokens) it is a little stricter here.
    """
    before = attention_over(head, "previous")
    shuffled, random = passages(on, "shuffled"), passages(on, "random")
    return all_of(
        beyond_uniform(before, "previous", shuffled, by, name="on text"),
        beyond_uniform(before, "previous", shuffled, by, name="in any order", side="corrupt"),
        beyond_uniform(before, "previous", random, by, name="on random tokens", side="corrupt"),
        guards=[
            contrast(before, versus=attention_over(head, far), on=shuffled, by=0.0, name=name)
            for far, name in (("two before", "not two before"), ("three before", "not three"))
        ],
    )


@claim(
    "{head} is a duplicate-token head on {on}",
    source="Wang et al. 2022, arXiv:2211.00593, §3.2 and App. I",
)
def head_is_duplicate_token(
    head: Subject, *, on: Prompts, by: float, second: str = "", first: str = ""
) -> Body:
    """The head attends from a token to the same token earlier, on these prompts.

    Attention from the second occurrence to the first, minus that between the same positions where
    the token is not repeated (the corrupt side). The sentence names the prompts: heads that do so
    for names need not for random tokens. Controls: on repeated tokens, the places around the first
    occurrence get less; between roles, the tokens beside it get less.

    Args:
        head: One head, as `model["L3H3"]`.
        on: Repeated tokens; or prompts with two roles that the same token plays, and not on the
            corrupt side, as `ioi(corruption="abc")`.
        by: Smallest share of attention that counts.
        second: The role of the second occurrence, as "S2"; for repeated tokens, none.
        first: The role of the first one, as "S1".

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for other prompts without roles, or roles that the prompts do not have.

    Published:
        In GPT-2 small 0.1 and 3.0 are among the three that attend so most; 0.10 does for names and
        not for random tokens (Wang et al., App. I).

    Pitfalls:
        The prompts are part of the claim: heads that find repeated names need not find repeated
        random tokens. A head that attends at a fixed distance has as much on the corrupt side. `by`
        has no published value, nor a default.
    """
    head.only(Head, "head_is_duplicate_token")
    if isinstance(on, RepeatedTokens):
        return _in_repeated_tokens(head, on, by)
    if not (second and first):
        raise ClaimError(
            f"{on.name} are not repeated tokens: name the roles of the second and the first "
            f'occurrence, as in head_is_duplicate_token(head, on=ioi(corruption="abc"), '
            f'second="S2", first="S1", by=0.3).'
        )
    check_roles(on, first, second)
    there = attention_to(head, first, at=second)
    return all_of(
        contrast(there, versus="corrupt", on=on, by=by, name="pattern"),
        guards=[not_beside(there, first, second, on)],
    )


def _in_repeated_tokens(head: Subject, on: RepeatedTokens, by: float) -> Body:
    there = attention_over(head, "duplicate")
    return all_of(
        contrast(there, versus="corrupt", on=on, by=by, name="pattern"),
        guards=[
            contrast(there, versus=attention_over(head, place), on=on, by=0.0, name=name)
            for place, name in (("one before", "not one before"), ("induction", "not one after"))
        ],
    )
