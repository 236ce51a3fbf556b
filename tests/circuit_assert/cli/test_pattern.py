"""Where a claim's head attends, on a planted model whose heads are known."""

import pytest

from circuit_assert.backends.load import load
from circuit_assert.cli.pattern import head_of, pattern_of, pattern_on, prompt_of
from circuit_assert.components import Head
from circuit_assert.errors import CircuitAssertError
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import spec_of
from circuit_assert.reporting.drawing.pattern import pattern_drawn, shade
from tests.circuit_assert.reporting.made import claim, example, finding

WORDS = " w1 w2 w3 w4 w1 w2 w3 w4"


@pytest.fixture(scope="module")
def planted():
    return load(spec_of(induction_model()))


def the_induction_head(model):
    heads = [address for address, said in model.true.items() if "induction" in said]
    return Head(*map(int, heads[0][1:].split("H")))


def test_an_induction_head_attends_to_what_followed(planted):
    pieces = induction_model().vocabulary
    text = "".join(pieces[5:9]) * 2
    found = pattern_on(planted, the_induction_head(induction_model()), text)
    begun = len(planted.tokenizer.beginning)
    assert found.tokens[begun:] == tuple(pieces[5:9]) * 2
    assert len(found.weights) == len(found.tokens) == begun + 8
    for query in range(begun + 4, begun + 8):
        row = found.weights[query]
        assert sum(row) == pytest.approx(1, abs=1e-4)
        assert max(range(len(row)), key=row.__getitem__) == query - 3
    drawn = [line.plain for line in pattern_drawn(found.tokens, found.weights, 100)]
    last = drawn[len(found.tokens)]
    assert last.endswith(f"→ {begun + 4} {found.weights[-1][begun + 4]:.2f}")
    assert all(len(line) <= 100 for line in drawn)


def test_it_is_the_pattern_of_that_head_and_of_no_other(planted):
    """L0H2 of the planted model attends to earlier tokens that are the same, and to itself."""
    pieces = induction_model().vocabulary
    found = pattern_on(planted, Head(0, 2), "".join(pieces[5:9]) * 2)
    begun = len(planted.tokenizer.beginning)
    last = found.weights[-1]
    assert last[begun + 3] + last[begun + 7] == pytest.approx(1, abs=0.01)


def test_a_head_that_is_not_there_and_a_prompt_of_nothing(planted):
    with pytest.raises(CircuitAssertError, match="has no L99H0"):
        pattern_on(planted, Head(99, 0), WORDS)
    with pytest.raises(CircuitAssertError, match="no token"):
        pattern_on(planted, Head(0, 0), "")


def test_the_head_is_the_first_that_the_claim_names():
    assert head_of(claim(words="Ablating L18H6 and L2H3 drops it")) == Head(18, 6)
    assert head_of(claim(words="it moves", arguments={"head": "['L2H3']"})) == Head(2, 3)
    with pytest.raises(CircuitAssertError, match="names none"):
        head_of(claim(words="L9N12 promotes it"))


def test_the_prompt_is_a_whole_one_where_most_was_measured():
    some = finding(
        highest=(example(0.9, "a … b"), example(0.8, "whole")), lowest=(example(0, "c"),)
    )
    assert prompt_of(claim(findings=(some,)))[0] == "whole"
    text, note = prompt_of(claim(findings=(finding(highest=(example(0.9, "a b … c"),)),)))
    assert text == "a b"
    assert "without its middle" in note
    with pytest.raises(CircuitAssertError, match="--prompt TEXT"):
        prompt_of(claim())


def test_the_models_name_is_loaded_only_where_it_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path))
    with pytest.raises(CircuitAssertError, match="gemma-3-270m is not here"):
        pattern_of(claim(model="gemma-3-270m"), prompt="x", model=None)


@pytest.mark.parametrize(
    ("weight", "mark"), [(0.0, "·"), (0.05, "░"), (0.3, "▒"), (0.5, "▓"), (0.75, "█"), (1.0, "█")]
)
def test_shades(weight, mark):
    assert shade(weight) == mark


@pytest.mark.parametrize("many", [3, 30, 60, 200])
@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_long_prompt_shows_its_end_and_hides_no_attention(many, width):
    tokens = [f" <b>{index}\x1b" for index in range(many)]
    pattern = [[1.0 if key == 0 else 0.0 for key in range(many)] for _ in range(many)]
    lines = [line.plain for line in pattern_drawn(tokens, pattern, width)]
    assert all(len(line) <= min(width, 100) and line.isprintable() for line in lines)
    rows = [line for line in lines if "→" in line]
    assert all("█" in line and line.endswith("→ 0 1.00") for line in rows)
    assert any("… is all of the" in line for line in lines) == (len(rows) < many)


def test_show_loads_nothing_without_being_asked(command, keep):
    keep("1", claim("a"))
    assert "Attention of" not in command("show", "a").output
    assert "are for --pattern" in command("show", "a", "--prompt", "x").output


def test_show_draws_it(command, keep, planted, monkeypatch):
    keep("1", claim("a", words="L1H0 is one", model="gemma-3-270m", findings=(
        finding(highest=(example(0.9, WORDS),)),
    )))  # fmt: skip
    monkeypatch.setattr("circuit_assert.backends.load.load", lambda spec: planted)
    monkeypatch.setattr("circuit_assert.cli.pattern.model_of", lambda claim, name: None)
    output = command("show", "a", "--pattern").output
    assert "Attention of L1H0 (rows attend to columns)" in output
    assert "the weights are not those of the claim" in output
    assert "→ " in output
