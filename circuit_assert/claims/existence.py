"""Claims that search: some head of a family is of a kind, or exactly these heads are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from circuit_assert.claims.claim import Claim, ClaimType, claim
from circuit_assert.claims.criteria import Body, Criterion, leaves_of
from circuit_assert.claims.families import ExactlyThese, Member, SomeMember
from circuit_assert.components import Head, Subject, named
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.halves import half_of
from circuit_assert.prompts.repeated import RepeatedTokens

Kind = ClaimType[...]


@claim("some head of {among} meets {kind}")
def some_head_is(
    kind: Kind,
    among: Subject,
    *,
    on: Prompts | None = None,
    **arguments: Any,  # noqa: ANN401 - those of any kind of claim
) -> SomeMember:
    """At least one head of a family is of a kind: found on one half, tested on the other.

    The head that does best on the discovery half (by its verdict there, then by the estimate of the
    kind's first primary criterion) is judged as a claim of that kind, controls and all, on the test
    half: other clusters, so that the search needs no correction. Refuted only if every head of the
    family is refuted on the test half. A kind whose first criterion only observes searches a family
    in one run, and edits the model for the few heads that are left; one that begins with an
    ablation takes a run for each head.

    Args:
        kind: A kind of claim about one head, as `head_is_induction`.
        among: The heads to look among, as `model.heads(layers=range(4, 9))`.
        on: Prompts to halve; by default the kind's own, where they are repeated tokens twice as
            many, so that each half is as large as what the kind is tested on.
        arguments: The kind's other arguments.

    Raises:
        ClaimError: for fewer than two heads, a kind that is not one, or prompts that are missing.
        ComponentError: for anything but heads.
        PromptError: for prompts that cannot be halved.

    Pitfalls:
        A control that halves the clusters again (the peers of `ablation_drops_logit`) needs 28 of
        them. Where it is not supported, the evidence bounds the first criterion of all heads at
        once (max-T, from 20 clusters in a half).

    Example:
        >>> from circuit_assert import Session, head_attends_inductively, some_head_is
        >>> from circuit_assert.models.planted_models import induction_model
        >>> model = Session().model(induction_model())
        >>> claim = some_head_is(head_attends_inductively, model.heads(layers=[1]))
        >>> print(claim.check().verdict)
        supported
    """
    heads = _heads_of(among)
    whole = _prompts(kind, on, halved=True)
    discovery, test = half_of(whole, "discovery"), half_of(whole, "test")
    searched = [kind.unannounced(head, on=discovery, **arguments) for head in heads]
    _check_rankable(searched[0])
    tested = [kind.unannounced(head, on=test, **arguments) for head in heads]
    said = kind.said_of(f"some head {_of(among)}", heads[0], on=test, **arguments)
    return SomeMember(
        words=_scoped(said, tested[0]),
        arguments=_said(kind, whole, tested[0]),
        source=tested[0].source,
        on=test,
        members=_members(heads, tested),
        searched=_members(heads, searched),
        searched_on=discovery,
        criterion=leaves_of(_body(tested[0]).primaries)[0].name,
    )


@claim("exactly {these} of {among} meet {kind}")
def exactly_these_heads_are(
    kind: Kind,
    these: Subject,
    among: Subject,
    *,
    on: Prompts | None = None,
    **arguments: Any,  # noqa: ANN401 - those of any kind of claim
) -> ExactlyThese:
    """These heads are of a kind, and no other head of the family is.

    Supported when each of these is supported and each other one is refuted, all at α. Refuted when
    one of these is refuted or another is supported, each at α divided by the size of the family,
    since each is a chance to be wrong. The controls of the others cannot save them: a denial
    stands whatever a guard says. Nothing is searched, so nothing is halved; where these heads were
    found on the same prompts, give `on=` the test half of them.

    Args:
        kind: A kind of claim about one head, as `head_is_induction`.
        these: The heads that are of the kind.
        among: The family; these heads belong to it.
        on: Prompts; by default the kind's own.
        arguments: The kind's other arguments.

    Raises:
        ClaimError: when these are not some of the family, or all of it; and as `some_head_is`.
        ComponentError: for anything but heads.

    Pitfalls:
        `discover` remembers on which prompts heads were found, and warns.

    Example:
        >>> from circuit_assert import Session, exactly_these_heads_are, head_attends_inductively
        >>> from circuit_assert.models.planted_models import induction_model
        >>> model = Session().model(induction_model())
        >>> these = model["L1H0", "L1H1", "L1H4", "L1H5"]
        >>> family = model.heads(layers=[1])
        >>> claim = exactly_these_heads_are(head_attends_inductively, these, family)
        >>> print(claim.check().verdict)
        supported
    """
    heads = _heads_of(among)
    chosen = set(these.components)
    if strange := [str(c) for c in these.components if c not in among.components]:
        raise ClaimError(f"{', '.join(strange)} is not of the family: {among}. Widen among=.")
    if not set(among.components) - chosen:
        raise ClaimError(f"{these} is the whole family: there is no other head to deny.")
    prompts = _prompts(kind, on)
    claims = [kind.unannounced(head, on=prompts, **arguments) for head in heads]
    members = _members(heads, claims)
    each = f"each of {named(these.components)}" if len(chosen) > 1 else str(these)
    subject = f"{each}, and no other head {_of(among)},"
    said = kind.said_of(subject, heads[0], on=prompts, **arguments)
    return ExactlyThese(
        words=_scoped(said, claims[0]),
        arguments=_said(kind, prompts, claims[0]),
        source=claims[0].source,
        on=prompts,
        these=tuple(member for member in members if member.component in chosen),
        others=tuple(member for member in members if member.component not in chosen),
    )


def _heads_of(among: Subject) -> tuple[Subject, ...]:
    for component in among.components:
        if not isinstance(component, Head):
            raise ComponentError(f"a family of heads has no {component.noun}: got {component}.")
    if len(among.components) < 2:
        raise ClaimError(f"a family has at least two heads; got {among}.")
    return among.each()


def _prompts(kind: Kind, on: Prompts | None, *, halved: bool = False) -> Prompts:
    """The given prompts, or the kind's own; as many for each half where they can be drawn."""
    _check_kind(kind)
    if on is not None:
        return on
    own = kind.default("on")
    if not isinstance(own, Prompts):
        raise ClaimError(f"{kind.name} has no prompts of its own: give on=.")
    if halved and isinstance(own, RepeatedTokens):
        return replace(own, sequences=2 * own.sequences)
    return own


def _check_kind(kind: object) -> None:
    if not isinstance(kind, ClaimType):
        raise ClaimError(
            f"the first argument is a kind of claim about one head, not called yet, as in "
            f"some_head_is(head_is_induction, model.heads()); got {kind!r}."
        )
    if kind in (some_head_is, exactly_these_heads_are):
        raise ClaimError(f"{kind.name} is about a family already, not about one head.")


def _members(heads: tuple[Subject, ...], claims: list[Claim]) -> tuple[Member, ...]:
    components = [component for head in heads for component in head.components]
    return tuple(
        Member(component, _body(claim).of(str(component)))
        for component, claim in zip(components, claims, strict=True)
    )


def _body(claim: Claim) -> Body:
    if isinstance(claim.body, Body):
        return claim.body
    raise ClaimError(f"{claim.kind} is about a family already, not about one head.")


def _check_rankable(claim: Claim) -> None:
    first = leaves_of(_body(claim).primaries)[0]
    if not isinstance(first, Criterion):
        raise ClaimError(
            f"the first criterion of {claim.kind} has no estimate, so it cannot rank heads: let "
            f"one that has come first."
        )


def _of(among: Subject) -> str:
    return f"of {among.layers}" if among.layers else f"among {named(among.components)}"


def _scoped(said: str, claim: Claim) -> str:
    return f"{said} {_body(claim).scope}".rstrip()


def _said(kind: Kind, on: Prompts, claim: Claim) -> dict[str, str]:
    """What identifies the claim: the kind's arguments with their defaults, all but the head."""
    own = dict(list(claim.arguments.items())[1:])
    return {"kind": kind.name, **own, "on": f"{on.name}#{on.fingerprint}"}
