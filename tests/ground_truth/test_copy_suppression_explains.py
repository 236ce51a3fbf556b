"""How much of what a head does is copy suppression, on models in which it is all, or nothing."""

import pytest

from circuit_assert import Session, copy_suppression_explains
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = suppressing_model(), suppressing_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
TEXT = suppressing_documents()
DECOYS = {
    "L1H1": "it raises what it attends to",
    "L1H2": "it looks for another token than the one that is predicted",
    "L1H3": "in use it raises most of what it attends to",
    "L1H5": "it looks for the token that stands there",
}


def explains(model, address, **options):
    return copy_suppression_explains(model[address], on=TEXT, **options).check()


def verdicts(evidence):
    return {found.name: found.verdict for found in evidence.findings}


@BOTH
def test_it_explains_the_head_that_suppresses_copies(model_of, planted):
    evidence = explains(model_of(planted), "L1H0")
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert set(verdicts(evidence).values()) == {SUPPORTED}
    assert evidence.findings[1].effect > 0.6


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_it_does_not_explain_a_decoy(model_of, planted, address):
    assert explains(model_of(planted), address).verdict is REFUTED


@BOTH
def test_parts_are_told_apart(model_of, planted):
    """One decoy writes as it should and looks for something else, another the other way round."""
    model = model_of(planted)
    assert explains(model, "L1H5", keeping="ov").verdict is SUPPORTED
    assert explains(model, "L1H5", keeping="qk").verdict is REFUTED
    assert explains(model, "L1H1", keeping="ov").verdict is REFUTED
    assert explains(model, "L1H1", keeping="qk").verdict is SUPPORTED


@BOTH
def test_the_direct_effect_is_explained_alike(model_of, planted):
    """Nothing that follows reads what the heads of the last layer write."""
    for address, verdict in (("L1H0", SUPPORTED), ("L1H1", REFUTED)):
        total, direct = (
            explains(model_of(planted), address, effect=effect) for effect in ("total", "direct")
        )
        assert total.verdict is direct.verdict is verdict
        assert direct.findings[1].effect == pytest.approx(total.findings[1].effect, abs=1e-4)
        assert "by its direct effect" in direct.sentence


def test_every_head_said_to_be_a_decoy_is_tested_but_one():
    """L1H4 lowers few tokens, so that it is no suppressor; but what it does is copy suppression."""
    assert set(PLAIN.false) - set(DECOYS) == {"L1H4"}


@BOTH
def test_a_head_that_does_little_may_do_nothing_else(model_of, planted):
    assert explains(model_of(planted), "L1H4").verdict is SUPPORTED


def of_head_0(tensors, part):
    """What L1H0 writes: `[d_model, d_head]`, or what it looks for: `[d_head, d_model]`."""
    tensor = tensors[f"layers.1.attn.{part}.weight"]
    return tensor[:, : PLAIN.card.d_head] if part == "o" else tensor[: PLAIN.card.d_head]


def test_of_a_head_that_hardly_writes_nothing_is_said(altered):
    def quiet(tensors):
        of_head_0(tensors, "o").mul_(1e-4)

    evidence = explains(Session().model(altered(PLAIN, "quiet", quiet)), "L1H0")
    assert evidence.verdict is INCONCLUSIVE
    assert "nothing that could be explained" in evidence.reason


def test_of_a_head_that_writes_nothing_nothing_is_said(altered):
    def silent(tensors):
        of_head_0(tensors, "o").zero_()

    assert explains(Session().model(altered(PLAIN, "silent", silent)), "L1H0").verdict is (
        INCONCLUSIVE
    )


@pytest.mark.parametrize("keeping", ["both", "ov"])
def test_one_direction_for_all_tokens_lowers_none_of_them_in_particular(altered, keeping):
    """It lowers half of the vocabulary, whatever it attends to."""

    def same(tensors):
        output = of_head_0(tensors, "o")
        half = (-output).sum(1, keepdim=True).relu()
        half[half.argsort(dim=0)[: -PLAIN.card.vocabulary // 2]] = 0.0
        output.copy_(-half.expand_as(output) / half.norm())

    evidence = explains(Session().model(altered(PLAIN, "same", same)), "L1H0", keeping=keeping)
    assert evidence.verdict is not SUPPORTED


@pytest.mark.parametrize("keeping", ["both", "qk"])
def test_what_is_predicted_everywhere_is_no_evidence(altered, keeping):
    """Each token predicts the same one: that it is predicted here says nothing."""

    def always(tensors):
        embedded = tensors["tok_embed.weight"]
        say = embedded[:, -PLAIN.card.vocabulary :]
        say[1:] = say[1].clone()

    evidence = explains(Session().model(altered(PLAIN, "always", always)), "L1H0", keeping=keeping)
    found = verdicts(evidence)
    assert evidence.verdict is INCONCLUSIVE
    assert found["share"] is SUPPORTED
    assert found["not by predictions alike"] is not SUPPORTED


@BOTH
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    claims = [
        copy_suppression_explains(model.head(1, head), on=TEXT, by=0.2, keeping=keeping)
        for head in range(6)
        for keeping in ("both", "ov", "qk")
    ]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


def test_the_sentence_says_which_part_is_kept(model_of):
    model = model_of(PLAIN)
    by = {part: explains(model, "L1H0", keeping=part).sentence for part in ("both", "ov", "qk")}
    assert by["both"].startswith("Copy suppression explains what L1H0 does in")
    assert "by what it writes, wherever it attends" in by["ov"]
    assert "by where it attends, whatever it writes" in by["qk"]


@pytest.mark.parametrize(
    ("address", "arguments", "error", "message"),
    [
        ("L1.mlp", {}, ComponentError, "about one head"),
        (("L1H0", "L1H1"), {}, ComponentError, "about one head"),
        ("L1H0", {"by": 1.0}, ClaimError, "from 0 to below 1; got 1"),
        ("L1H0", {"by": -0.1}, ClaimError, "from 0 to below 1"),
        ("L1H0", {"keeping": "OV"}, ClaimError, 'did you mean "ov"'),
        ("L1H0", {"keeping": "neither"}, ClaimError, '"both", "ov" or "qk"'),
        ("L1H0", {"effect": "directly"}, ClaimError, 'did you mean "direct"'),
        ("L1H0", {"sources": 0.0}, ClaimError, "share of the tokens so far"),
        ("L1H0", {"sources": 5}, ClaimError, "share of the tokens so far"),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(address, arguments, error, message):
    with pytest.raises(error, match=message):
        copy_suppression_explains(Session().model(PLAIN)[address], on=TEXT, **arguments)
