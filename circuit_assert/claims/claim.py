"""Claims: sentences about a model that are supported, refuted, or neither."""

from __future__ import annotations

import functools
import hashlib
import inspect
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, ParamSpec, TypeAlias

from circuit_assert.claims.arguments import bound
from circuit_assert.claims.criteria import AllOf, AnyOf, Body, Criterion, Fact, leaves_of
from circuit_assert.claims.families import AtEachModel, Family
from circuit_assert.components import Component, Owner, Subject
from circuit_assert.errors import ClaimError, Inconclusive
from circuit_assert.evidence import Evidence
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats import Verdict

P = ParamSpec("P")
_PACKAGE = "circuit_assert"
_NO_PROMPTS = (Subject, str, int, float, type(None))
OfOneModel: TypeAlias = Body | Family
"""What a claim about one model rests on: its own criteria, or those of the members of a family."""
Rests: TypeAlias = OfOneModel | AtEachModel
"""What a claim rests on; one about several models, on a claim about each."""


@dataclass(frozen=True)
class ClaimKey:
    """What tells a claim from any other: its identity, and what it rests on if need be.

    Args:
        id: Its identity.
        rests: What it rests on; None where the identity tells it.
    """

    id: str
    rests: Rests | None = field(hash=False)


class Claim:
    """One sentence about one model. Building it measures nothing; `bool(claim)` judges it.

    `assert claim` passes when it is supported, `assert not claim` when it is refuted; when the
    evidence allows neither, both raise `Inconclusive`.

    Args:
        kind: The claim type's name.
        words: The sentence, without the model's name.
        model: Whose it is.
        body: What it rests on.
        arguments: What it was called with, as its identity says them.
        source: Where the claim comes from.
        about: The components it is about.
        on: The prompts it is tested on.
        told: Whether its arguments tell it from any other claim of its kind. Those of a function
            written by users do not: it may be written anew, or there may be two of one name.
    """

    def __init__(
        self,
        kind: str,
        words: str,
        *,
        model: Owner,
        body: Rests,
        arguments: Mapping[str, str],
        source: str,
        about: Iterable[Component] = (),
        on: Iterable[Prompts] = (),
        told: bool = False,
    ) -> None:
        self.kind = kind
        self.words = words
        self.model = model
        self.body = body
        self.arguments = dict(arguments)
        self.source = source
        self.about, self.on, self.told = tuple(about), tuple(on), told
        self._evidence: Evidence | None = None

    @property
    def sentence(self) -> str:
        """The sentence in full: "L5H1 is an induction head in gemma-3-270m"."""
        return f"{self.words} in {self.model.name}"

    @property
    def id(self) -> str:
        """What it claims of which model, at which false-pass rate, as a short hash."""
        said = [self.kind, self.model.name, f"{self.model.false_pass_rate:g}"]
        said += [f"{name}={value}" for name, value in sorted(self.arguments.items())]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]

    @property
    def key(self) -> ClaimKey:
        """What tells it from any other claim."""
        return ClaimKey(self.id, None if self.told else self.body)

    def check(self) -> Evidence:
        """The evidence, measured now if need be; judging twice is free."""
        evidence = self._evidence or self.model.judge(self)
        self._evidence = evidence
        return evidence

    @property
    def parts(self) -> tuple[Claim, ...]:
        """What it says of each model, where it is about several; else nothing."""
        return self.body.parts if isinstance(self.body, AtEachModel) else ()

    @property
    def denied_parts(self) -> tuple[Claim, ...]:
        """Those of its parts that are to be refuted."""
        return self.body.denied if isinstance(self.body, AtEachModel) else ()

    @property
    def known_verdict(self) -> Verdict | None:
        """Its verdict, if it has been judged."""
        return self._evidence.verdict if self._evidence else None

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        evidence = self.check()
        self.model.asked(self, evidence)
        if evidence.verdict is Verdict.INCONCLUSIVE:
            raise Inconclusive(f"{self.sentence}: inconclusive. {evidence.reason}")
        return evidence.verdict is Verdict.SUPPORTED

    def __repr__(self) -> str:
        verdict = f": {self._evidence.verdict}" if self._evidence else ""
        return f"<{self.sentence}{verdict}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Claim):
            return self.key == other.key
        raise TypeError(
            f"a claim does not compare with {other!r}: write `assert claim`, `assert not claim`, "
            f"or look at claim.check().verdict."
        )

    def __hash__(self) -> int:
        return hash(self.id)

    def _repr_html_(self) -> str:
        return self.check().card


class ClaimType(Generic[P]):
    """A kind of claim: call it with components to make a `Claim`. Made by `@claim`."""

    def __init__(
        self, function: Callable[P, OfOneModel | Criterion], sentence: str, source: str
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self.template = sentence
        self.source = source
        self._signature = inspect.signature(function)
        self.name = function.__name__
        self._ships = function.__module__.startswith(f"{_PACKAGE}.")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Claim:
        """A claim about the given components; nothing is measured yet.

        Raises:
            ClaimError: when the claim is not about exactly one model.
        """
        claim = self.unannounced(*args, **kwargs)
        claim.model.announce(claim)
        return claim

    def unannounced(self, *args: P.args, **kwargs: P.kwargs) -> Claim:
        """The same claim as a part of another one: nobody takes note of it.

        Raises:
            ClaimError: when the claim is not about exactly one model.
        """
        arguments = self._bound(*args, **kwargs)
        body = _as_body(self._function(*args, **kwargs))
        model = _model_of(self.name, arguments, body)
        said = {name: _identity(value) for name, value in arguments.items()}
        told = self._ships and all(map(_is_told, arguments.values()))
        if isinstance(body, Family):
            return Claim(
                self.name,
                body.words,
                model=model,
                body=body,
                arguments={**said, **body.arguments},
                source=body.source,
                about=body.about,
                on=body.tested_on,
                told=told,
            )
        return Claim(
            self.name,
            f"{self._said(arguments)} {body.scope}".rstrip(),
            model=model,
            body=body,
            arguments=said,
            source=self.source,
            about=_components_in(arguments.values()),
            on=_prompts_in(arguments.values()),
            told=told,
        )

    def said_of(self, subject: str, *args: P.args, **kwargs: P.kwargs) -> str:
        """The sentence with other words for its first argument: "some head of L4–L8 is …".

        Raises:
            ClaimError: when the sentence does not name its first argument.
        """
        first = next(iter(self._bound(*args, **kwargs)))
        if f"{{{first}}}" not in self.template:
            raise ClaimError(
                f"the sentence of {self.name} does not name {{{first}}}, so it cannot be said of "
                f"{subject}."
            )
        return self.said_with({first: subject}, *args, **kwargs)

    def said_with(self, words: Mapping[str, str], *args: P.args, **kwargs: P.kwargs) -> str:
        """The sentence with other words for some of its arguments."""
        arguments = self._bound(*args, **kwargs)
        return self._said({**arguments, **{name: _Said(said) for name, said in words.items()}})

    def default(self, name: str) -> object:
        """The default of an argument; None without one."""
        parameters = self._signature.parameters
        value = parameters[name].default if name in parameters else None
        return None if value is inspect.Parameter.empty else value

    def _bound(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        arguments = bound(self.name, self._signature, args, kwargs)
        for name, parameter in self._signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                arguments |= arguments.pop(name)
        return arguments

    def _said(self, arguments: Mapping[str, Any]) -> str:
        fields = {name for _, name, _, _ in string.Formatter().parse(self.template) if name}
        return self.template.format(**{name: _words(arguments[name]) for name in fields})

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self.name} is a kind of claim and has no truth value: call it, as in "
            f"`assert {self.name}(model[…])`."
        )

    def __repr__(self) -> str:
        return f"<claim type {self.name}: {self.template}>"


class _Said(str):
    """Words that go into a sentence as they are; other texts are quoted."""

    __slots__ = ()


def claim(
    sentence: str, *, source: str = ""
) -> Callable[[Callable[P, OfOneModel | Criterion]], ClaimType[P]]:
    """Make a claim type of a function that returns what the claim rests on.

    Args:
        sentence: An indicative sentence with the function's arguments in braces, the subject
            first: "{head} attends from a pronoun to its referent".
        source: The paper and section it comes from.

    Example:
        >>> from circuit_assert import attention_to, claim, contrast
        >>> @claim("{head} attends to the indirect object")
        ... def head_attends_to_the_indirect_object(head, *, on, by=0.2):
        ...     there = attention_to(head, "IO")
        ...     return contrast(there, versus=attention_to(head, "S1"), on=on, by=by)
    """

    def decorate(function: Callable[P, OfOneModel | Criterion]) -> ClaimType[P]:
        parameters = inspect.signature(function).parameters
        for _, name, _, _ in string.Formatter().parse(sentence):
            if name is not None and name not in parameters:
                raise ClaimError(
                    f"the sentence {sentence!r} names {{{name}}}, but {function.__name__} takes "
                    f"{', '.join(parameters)}."
                )
        return ClaimType(function, sentence, source)

    return decorate


def _as_body(made: object) -> OfOneModel:
    match made:
        case Body() | Family():
            return made
        case Criterion() | Fact() | AllOf() | AnyOf():
            return Body(made)
        case _:
            raise ClaimError(
                f"a claim function returns contrast(…) or all_of(…); got {type(made).__name__}."
            )


def _model_of(kind: str, arguments: Mapping[str, Any], body: OfOneModel) -> Owner:
    owners = [a.model for a in arguments.values() if isinstance(a, Subject)]
    owners += [
        leaf.model
        for leaf in leaves_of(body.primaries if isinstance(body, Body) else None)
        if isinstance(leaf, Criterion) and leaf.model is not None
    ]
    distinct = {owner.name: owner for owner in owners}
    if len(distinct) != 1:
        raise ClaimError(
            f"{kind} is a claim about one model; its components are of "
            f"{' and '.join(distinct) or 'none'}. Give components as model['L5H1']."
        )
    return owners[0]


def _components_in(values: Iterable[object]) -> list[Component]:
    return [c for value in values if isinstance(value, Subject) for c in value.components]


def _prompts_in(values: Iterable[object]) -> list[Prompts]:
    found = (value for value in values if not isinstance(value, _NO_PROMPTS))
    return [value for value in found if isinstance(value, Prompts)]


def _identity(value: object) -> str:
    match value:
        case str() | int() | None:  # before a protocol is asked, which takes its time
            return str(value)
        case Subject():
            return value.identity
        case Prompts():
            return f"{value.name}#{value.fingerprint}"
        case list() | tuple():
            return f"[{', '.join(_identity(item) for item in value)}]"
        case dict():
            items = sorted(f"{key}: {_identity(each)}" for key, each in value.items())
            return f"[{', '.join(items)}]"
        case float():
            return f"{value:g}"
        case _ if isinstance(said := getattr(value, "identity", None), str):
            return said
        case _ if callable(value):
            return getattr(value, "__qualname__", repr(value))
        case _:
            return str(value)


def _is_told(value: object) -> bool:
    """Whether the identity of an argument tells it from any other: a function has but a name."""
    match value:
        case list() | tuple():
            return all(map(_is_told, value))
        case dict():
            return all(map(_is_told, value.values()))
        case _:
            tells = getattr(value, "identity_tells", True)
            return tells and (
                not callable(value) or isinstance(getattr(value, "identity", None), str)
            )


def _words(value: object) -> str:
    match value:
        case Prompts():
            return value.name
        case float():
            return f"{value:g}"
        case _Said():
            return str(value)
        case str():
            return repr(value)
        case list() | tuple():
            return ", ".join(_words(item) for item in value)
        case _:
            return str(value)
