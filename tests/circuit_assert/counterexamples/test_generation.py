"""What hypothesis does for a search, without a model."""

import pytest
from hypothesis.database import InMemoryExampleDatabase

from circuit_assert import repeated_sequences
from circuit_assert.counterexamples.generation import Generation
from circuit_assert.models.planted_models import induction_model

KEY = b"this search"


@pytest.fixture
def database():
    return InMemoryExampleDatabase()


@pytest.fixture
def generation(database):
    strategy = repeated_sequences(induction_model().tokenizer, longest=9)
    return Generation(strategy, seed=3, examples=100, database=database)


def long(unit):
    return len(unit.block) == 8


def test_what_was_drawn_is_drawn_again_until_one_fails(generation):
    drawn, offered = generation.drawn(), []

    def fails(unit):
        offered.append(unit)
        return long(unit)

    generation.smallest(fails, KEY)

    first = next(index for index, unit in enumerate(drawn) if long(unit))
    assert first > 5
    assert list(dict.fromkeys(offered))[: first + 1] == drawn[: first + 1]


def test_what_passes_is_not_kept(generation, database):
    smallest = generation.smallest(long, KEY)

    assert smallest.block == tuple(range(1, 9))
    assert len(list(database.fetch(KEY))) == 1
    assert database.data.keys() == {KEY}


def test_nothing_is_kept_when_nothing_fails(generation, database):
    assert generation.smallest(lambda unit: False, KEY) is None
    assert not database.data


def test_what_was_kept_is_found_without_drawing_unless_it_passes(generation):
    assert generation.kept(long, KEY) is None
    smallest, offered = generation.smallest(long, KEY), []
    assert generation.kept(lambda unit: offered.append(unit) or long(unit), KEY) == smallest
    assert set(offered) == {smallest}
    assert generation.kept(lambda unit: False, KEY) is None
    assert generation.kept(long, KEY) is None
