"""A user's function is told by its code and what it refers to, or not at all."""

import os
import re
import subprocess
import sys
import types
from functools import partial

import pytest

from circuit_assert import explanation
from circuit_assert.backends.load import load
from circuit_assert.execution.identity import Identity, NoIdentity
from circuit_assert.execution.store import Store
from circuit_assert.models.planted_models import lookup_model
from circuit_assert.models.spec import spec_of
from circuit_assert.prompts.functions import NotPlain, parts_of, said_of

LIMIT = 3
calls = []


def made(source, **named):
    """The function f of some source, whose globals are these."""
    around = dict(named)
    exec(compile(source, "<test>", "exec"), around)  # noqa: S102
    return around["f"]


@pytest.fixture(scope="module")
def identity():
    backend = load(spec_of(lookup_model()))
    return Identity(backend, Store(backend.tokenizer))


def among(words):
    return lambda tokens, i: tokens[i] in words


def test_the_same_code_in_another_place_is_the_same(identity):
    source = "def f(x):\n    return x.strip() + '!'"
    assert identity.of(made(source)) == identity.of(made("\n\n" + source))


@pytest.mark.parametrize(
    "other",
    [
        "def f(x):\n    return x.strip() + '?'",
        "def f(x):\n    return x.lower() + '!'",
        "def f(x):\n    return '!' + x.strip()",
        "def f(x, y=1):\n    return x.strip() + '!'",
        "def f(x):\n    return (lambda z: z.strip() + '!')(x)",
    ],
)
def test_other_code_is_another(identity, other):
    assert identity.of(made(other)) != identity.of(made("def f(x):\n    return x.strip() + '!'"))


def test_inner_code_counts(identity):
    one, two = (made(f"def f(x):\n    return [y + {n} for y in x]") for n in (1, 2))
    assert identity.of(one) != identity.of(two)


def test_what_it_closes_over_and_its_defaults_count(identity):
    assert identity.of(among({"a", "b"})) == identity.of(among({"b", "a"}))
    assert identity.of(among({"a"})) != identity.of(among({"b"}))
    one, two = (made(f"def f(x, *, y={n}):\n    return x + y") for n in (1, 2))
    assert identity.of(one) != identity.of(two)


def test_globals_that_are_data_or_such_functions_count(identity):
    source = "def f(x):\n    return g(x) > LIMIT"
    double, triple = (made(f"def f(x):\n    return {n} * x") for n in (2, 3))
    keys = {
        identity.of(made(source, g=double, LIMIT=3)),
        identity.of(made(source, g=triple, LIMIT=3)),
        identity.of(made(source, g=double, LIMIT=4)),
    }
    assert len(keys) == 3


def test_a_set_of_constants_is_the_same_in_any_order(identity):
    one, two = (made(f"def f(x):\n    return x in {s}") for s in ("{'a', 'b'}", "{'b', 'a'}"))
    named = [list(each.__code__.co_consts) for each in (one, two)]
    assert frozenset({"a", "b"}) in named[0]
    assert identity.of(one) == identity.of(two)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    import random\n    return random.random()",
        "def f(x):\n    return open(x).read()",
        "def f(x):\n    calls.append(x)\n    return len(calls)",
        "def f(x):\n    calls[x] = 1\n    return len(calls)",
        "def f(x):\n    x.seen = 1\n    return x",
        "def f(x):\n    return calls.__iadd__([x])",
        "def f(x):\n    global LIMIT\n    LIMIT = x",
        "def f(x):\n    return undefined(x)",
        "def f(x):\n    return f(x - 1) if x else 0",
        "def f(x):\n    return hash(x)",
    ],
)
def test_what_depends_on_more_is_told_by_nothing(source):
    with pytest.raises(NotPlain):
        parts_of(made(source, calls=calls, LIMIT=LIMIT))


@pytest.mark.parametrize(
    "function",
    [
        made("def f(x):\n    return re.search('a', x)", re=re),
        made("def f(x):\n    return made(x)", made=partial(max, 1)),
        made("def f(x):\n    return held.value", held=types.SimpleNamespace(value=1)),
        max,
        partial(max, 1),
    ],
)
def test_modules_objects_and_what_is_not_python_have_no_identity(identity, function):
    with pytest.raises(NoIdentity):
        identity.of(function)


def test_a_function_that_counts_its_calls_has_none(identity):
    def counting():
        count = 0

        def count_up(tokens, i):
            nonlocal count
            count += 1
            return count > 3

        return count_up

    with pytest.raises(NoIdentity):
        identity.of(counting())


def test_explanations_by_rules_and_patterns_have_one(identity):
    keys = {
        identity.of(explanation("some", among({"a"}))),
        identity.of(explanation("some", among({"b"}))),
        identity.of(explanation("some", re.compile("a"))),
        identity.of(explanation("some", re.compile("a", re.IGNORECASE))),
    }
    assert len(keys) == 4


def test_what_a_rule_is_called_is_the_same_in_every_run():
    """Sets come in another order in each run, addresses are others."""
    source = (
        "from circuit_assert import explanation, token_label\n"
        "class Held:\n    word = 'a'\n"
        "words, held = set('abcdefgh'), Held()\n"
        "print(explanation('e', (lambda w: lambda t, i: t[i] in w)(words)).identity)\n"
        "print(token_label('l', lambda token: token in words).identity)\n"
        "print(token_label('l', lambda token: token == held.word).identity)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert len(set(said.pop().split("\n"))) == 4


def test_what_a_rule_refers_to_is_in_what_it_is_called():
    one, two = (made("def f(x):\n    return x in WORDS", WORDS=words) for words in ("ab", "cd"))
    assert said_of(one) != said_of(two)
    assert said_of(one) == said_of(made("def f(x):\n    return x in WORDS", WORDS="ab"))
