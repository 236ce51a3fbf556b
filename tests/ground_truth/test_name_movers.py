"""Name movers on models in which heads attend to a name, copy names, and write the answer."""

import pytest

from circuit_assert import Session, head_is_name_mover, head_is_negative_name_mover
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import naming_model, naming_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = naming_model(), naming_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
PROMPTS = naming_prompts()
HALVES = ("L1H6", "L1H7")

# address → the criteria that decide against it; those of halves are open
DECOYS = {
    "L1H2": {"copying"},
    "L1H3": {"attends more than to 'rival'"},
    "L1H4": {"direct effect"},
    "L1H5": {"copying", "direct effect"},
    "L1H6": set(),
    "L1H7": set(),
}


def names(model, addresses, kind=head_is_name_mover, **options):
    options = {"by_attention": 0.3, "role": "owner", "versus": "rival", **options}
    return kind(model[addresses], on=PROMPTS, **options).check()


def verdicts(evidence):
    return {found.name: found.verdict for found in evidence.findings}


@BOTH
@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        ("L1H0", head_is_name_mover),
        ("L1H1", head_is_negative_name_mover),
        (HALVES, head_is_name_mover),
    ],
    ids=str,
)
def test_heads_that_move_names_do(model_of, planted, addresses, kind):
    evidence = names(model_of(planted), addresses, kind)
    assert evidence.verdict is SUPPORTED
    assert set(verdicts(evidence).values()) == {SUPPORTED}


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_a_decoy_is_refused_by_the_criterion_that_it_fails(model_of, planted, address):
    evidence = names(model_of(planted), address)
    found = verdicts(evidence)
    assert {name for name in DECOYS[address] if found[name] is REFUTED} == DECOYS[address]
    assert evidence.verdict is (REFUTED if DECOYS[address] else INCONCLUSIVE)


def test_every_head_said_to_be_a_decoy_is_tested():
    assert set(PLAIN.false) == set(DECOYS)


@BOTH
def test_the_two_kinds_are_told_apart(model_of, planted):
    assert names(model_of(planted), "L1H0", head_is_negative_name_mover).verdict is REFUTED
    assert names(model_of(planted), "L1H1").verdict is REFUTED


@BOTH
@pytest.mark.parametrize(("address", "alone"), [("L1H2", "copying"), ("L1H4", "direct effect")])
def test_each_criterion_is_needed(model_of, planted, address, alone):
    found = verdicts(names(model_of(planted), address))
    primaries = {"attends more than to 'rival'", "copying", "direct effect"}
    assert {name for name in primaries if found[name] is not SUPPORTED} == {alone}


def test_a_head_that_does_what_it_should_and_hardly_anything_is_refuted_by_its_size(model_of):
    assert names(model_of(PLAIN), "L1H0", by=1.0).verdict is SUPPORTED
    assert names(model_of(PLAIN), "L1H0", by=5.0).verdict is REFUTED


def test_names_that_most_heads_copy_are_no_evidence_of_a_name_mover(altered):
    """The control by other heads: with all of them copying, nothing is special about one."""

    def alike(tensors):
        weight = tensors["layers.1.attn.o.weight"]
        width = weight.shape[1] // 8
        weight.copy_(weight[:, :width].repeat(1, 8))

    evidence = names(Session().model(altered(PLAIN, "alike", alike)), "L1H0")
    assert evidence.verdict is INCONCLUSIVE
    assert verdicts(evidence)["copies unlike others"] is INCONCLUSIVE
    assert verdicts(evidence)["copying"] is SUPPORTED


def test_names_can_be_given(model_of):
    """L1H6 copies every second name."""
    copied = [f" ann{n}" for n in range(0, 20, 2)] + [f" bob{n}" for n in range(0, 20, 2)]
    other = [f" ann{n}" for n in range(1, 20, 2)] + [f" bob{n}" for n in range(1, 20, 2)]
    model = model_of(PLAIN)
    shares = {
        verdicts(names(model, "L1H6", names=some))["copying"]: verdicts(
            names(model, "L1H7", names=some)
        )["copying"]
        for some in (copied, other)
    }
    assert shares == {SUPPORTED: REFUTED, REFUTED: SUPPORTED}


def test_the_evidence_says_what_the_average_head_does_and_which_embedding_is_meant(model_of):
    evidence = names(model_of(PLAIN), "L1H0")
    notes = " ".join(note for found in evidence.findings for note in found.notes)
    assert "the embedding and the first MLP" in notes
    assert "heads drawn at random" in notes


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    options = {"by_attention": 0.01, "role": "owner", "versus": "rival", "copying": 0.2}
    claims = [
        kind(model.head(1, head), on=PROMPTS, **options)
        for head in range(8)
        for kind in (head_is_name_mover, head_is_negative_name_mover)
    ]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


@pytest.mark.parametrize(
    ("address", "arguments", "error", "message"),
    [
        ("L0H0", {}, ClaimError, "before the first MLP"),
        ("L1.mlp", {}, ComponentError, "about heads"),
        ("L1H0", {"role": "IO"}, ClaimError, "no position 'IO'"),
        ("L1H0", {"versus": "owner"}, ClaimError, "other roles"),
        ("L1H0", {"copying": 1.0}, ClaimError, "copying lies in"),
        ("L1H0", {"by": -1.0}, ClaimError, "by= is the smallest size"),
        ("L1H0", {"names": " ann1"}, PromptError, "different texts"),
    ],
)
@pytest.mark.parametrize("kind", [head_is_name_mover, head_is_negative_name_mover])
def test_bad_input_is_refused_before_a_model_loads(kind, address, arguments, error, message):
    with pytest.raises(error, match=message):
        names(Session().model(PLAIN), address, kind, **arguments)


def test_other_name_movers_are_no_control_of_what_is_written(model_of):
    """Peers are heads that do not attend so: L1H3 and those of the first layer, which attend to
    both names."""
    evidence = names(model_of(PLAIN), "L1H0")
    found = next(f for f in evidence.findings if f.name == "writes more than others")
    peers = next(note for note in found.notes if note.startswith("peers: "))
    listed = peers.removeprefix("peers: ").split(";")[0].split(", ")
    assert len(listed) >= 5
    assert all(peer.startswith("L0") or peer == "L1H3" for peer in listed)
