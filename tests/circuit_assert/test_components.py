"""Addresses, and handles that refuse what a model does not have before it loads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuit_assert import Session, antonyms, synonyms
from circuit_assert.components import MLP, Head, Neuron, Site, parse, parse_site
from circuit_assert.errors import ComponentError


@given(st.integers(0, 999), st.integers(0, 99_999))
def test_an_address_reads_back(layer, number):
    for component in (Head(layer, number), Neuron(layer, number), MLP(layer)):
        assert parse(str(component)) == component


@pytest.mark.parametrize(
    "address", ["", "H1", "L5", "L5H", "5.1", "L5Q1", "L-1H0", "L5H1 and more"]
)
def test_an_unreadable_address_says_how_to_write_one(address):
    with pytest.raises(ComponentError, match="L5H1"):
        parse(address)


def test_a_site_reads_back():
    assert parse_site("L9.resid_post") == Site(9, "resid_post")
    with pytest.raises(ComponentError, match="resid_post"):
        parse_site("L9.residual")


@pytest.fixture
def gemma():
    return Session().model("gemma-3-270m")


def test_both_ways_to_a_head_are_the_same(gemma):
    assert gemma["L5H1"] == gemma.head(5, 1)
    assert hash(gemma["L5H1"]) == hash(gemma.head(5, 1))


def test_a_set_is_a_subject(gemma):
    assert gemma["L7H3", "L7H2"].components == (Head(7, 3), Head(7, 2))


@pytest.mark.parametrize(
    ("address", "range_"),
    [
        ("L18H0", "layers 0 to 17"),
        ("L17H4", "heads 0 to 3"),
        ("L0N2048", "neurons 0 to 2047"),
        ("L18.mlp", "layers 0 to 17"),
    ],
)
def test_a_component_out_of_range_names_the_range(gemma, address, range_):
    with pytest.raises(ComponentError, match=range_) as raised:
        gemma[address]
    assert "gemma-3-270m" in str(raised.value)
    assert "count from zero" in str(raised.value)


def test_a_direction_lives_in_the_residual_stream(gemma):
    with pytest.raises(ComponentError, match=r"L9\.resid_post"):
        gemma.direction(antonyms("en"), versus=synonyms("en"), at="L9.pattern")
    with pytest.raises(ComponentError, match="layers 0 to 17"):
        gemma.direction(antonyms("en"), versus=synonyms("en"), at="L18.resid_post")


def test_handles_of_one_model_are_equal_and_hashable():
    session = Session()
    assert session.model("gemma-3-270m") == session.model("gemma-3-270m")
    assert len({session.model("gemma-3-270m"), session.model("gemma-3-270m")}) == 1
