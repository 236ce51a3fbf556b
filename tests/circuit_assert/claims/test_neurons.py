"""Each part of `neuron_promotes_token`, on scores made by hand; the whole is in ground_truth."""

from types import SimpleNamespace

import numpy as np
import pytest

from circuit_assert import PromptSet, Session, congruent_neurons, neuron_promotes_token
from circuit_assert.claims.congruence import (
    IsCongruent,
    IsCongruentBeyondAxes,
    early_layers,
    sign_of,
    standing,
)
from circuit_assert.claims.discrimination import Discrimination, without_position
from circuit_assert.claims.neuron_peers import BeatsPeers
from circuit_assert.claims.promotion import (
    IsActive,
    LogitDrop,
    Promotion,
    TopActivity,
    matched_tokens,
)
from circuit_assert.claims.quantities import CannotTell
from circuit_assert.components import Neuron
from circuit_assert.errors import ClaimError, ComponentError, TokenError
from circuit_assert.judging import Case
from circuit_assert.measurements import NeuronActivations, Request, TopTokens
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.neurons import (
    LargestCongruence,
    NeuronsOfToken,
    TokenContrast,
    TokensOfNeurons,
    UnembeddingAxes,
)
from circuit_assert.measurements.norms import NeuronOutputNorms
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.prompts.tokenize import single_token
from circuit_assert.stats import above

WORDS = 60
NEURON = Neuron(3, 1)
T = 7  # the token " w7"
TOKENIZER = PlantedTokenizer("toy", ("<begin>", *(f" w{n}" for n in range(1, WORDS + 1))), 64)
CARD = Card(layers=4, heads=2, kv_heads=2, d_model=8, d_head=4, d_mlp=5, vocabulary=61, context=64)


class Known(dict):
    """Scores made by hand."""

    weights = SimpleNamespace(tokenizer=TOKENIZER, card=CARD)

    def tokenized(self, prompts):
        return prompts.tokenize(TOKENIZER)


def documents(count=24, length=30, seed=0):
    """Words 1 to 40 at random, so that every other one or so of 24 documents holds " w7" twice."""
    drawn = np.random.default_rng(seed).integers(1, 41, (count, length))
    drawn[:, [8, 20]] = T
    return PromptSet.from_list([" ".join(f"w{n}" for n in row) for row in drawn], name="toy text")


def rows_of(on):
    return np.stack(on.tokenize(TOKENIZER).tokens["clean"])


def follows(on):
    """Where the token comes next: `[unit, pos]`, never at the last position."""
    rows = rows_of(on)
    return np.concatenate([rows[:, 1:] == T, np.zeros((len(rows), 1), bool)], axis=1)


def reading(dot, *, d_mlp=5):
    """`NeuronsOfToken` in which neuron 1 has the given congruence and the others little."""
    table = np.full((d_mlp, 2), 0.01)
    table[1] = dot, np.sign(dot) * 0.9
    return table


def known(on, activation, *, dot=2.0, top=None):
    """What activation criteria rest on."""
    scores = Known()
    scores[WeightRequest(NeuronsOfToken(3, T))] = reading(dot)
    scores[Request(NeuronActivations(3, (1,)), on)] = np.asarray(activation, float)[..., None]
    if top is not None:
        scores[Request(TopTokens(20), on)] = np.where(top[..., None], T, np.full(20, 59))
    return scores


# --- the token -------------------------------------------------------------------------------


class Pieces:
    """A tokenizer that splits what it does not know."""

    name = "toy"
    pieces = (" Jon", "athan", " John", " the", " Joan", "<s>")

    def encode(self, text):
        found = []
        while text:
            piece = max((p for p in self.pieces if text.startswith(p)), key=len)
            found.append(self.pieces.index(piece))
            text = text[len(piece) :]
        return found

    def piece(self, token):
        return self.pieces[token]

    def ordinary_tokens(self):
        return np.arange(5)


def test_two_tokens_are_an_error_that_names_them_and_a_way_on():
    with pytest.raises(TokenError) as caught:
        single_token(" Jonathan", Pieces(), "neuron_promotes_token")
    assert str(caught.value) == (
        '" Jonathan" is two tokens in toy (" Jon", "athan"); neuron_promotes_token needs one. '
        'Try " John".'
    )


def test_what_is_proposed_is_one_token_itself():
    class Splitting(Pieces):
        def encode(self, text):
            return [0, 1] if text == " John" else super().encode(text)

    with pytest.raises(TokenError, match=r'Try " Joan"\.'):
        single_token(" Jonathan", Splitting(), "neuron_promotes_token")


@pytest.mark.parametrize("text", ["", "<s>"])
def test_no_token_and_special_tokens_are_errors(text):
    with pytest.raises(TokenError, match="neuron_promotes_token needs one"):
        single_token(text, Pieces(), "neuron_promotes_token")


def test_a_claim_with_a_bad_token_says_so_before_anything_runs():
    model = Session().model(neuron_model())
    made = neuron_promotes_token(model["L2N0"], " w1 w2", on=neuron_documents(), by=1.0)
    with pytest.raises(TokenError, match='" w1 w2" is two tokens in planted-neurons'):
        made.check()


def test_matched_tokens_are_the_nearest_in_frequency():
    rows = [np.repeat(np.arange(1, 41), np.arange(1, 41))]  # word n comes n times, 41 to 60 never
    ordinary = np.arange(1, 61)
    assert set(matched_tokens(20, rows, ordinary)) == {*range(10, 20), *range(21, 31)}
    assert set(matched_tokens(40, rows, ordinary)) == set(range(20, 40))
    assert set(matched_tokens(3, rows, ordinary)) == {*range(4, 14), 1, 2, *range(41, 49)}
    assert set(matched_tokens(60, rows, ordinary)) == {1, *range(41, 60)}
    assert matched_tokens(3, rows, ordinary[:6]) == (6, 5, 4, 2, 1)


# --- congruence ------------------------------------------------------------------------------


def congruent(of_neuron, of_token, *, largest=3.0, axes=None):
    on_axes = np.ones((WORDS, 2)) if axes is None else axes
    scores = Known()
    scores[WeightRequest(NeuronsOfToken(3, T))] = of_token
    scores[WeightRequest(TokensOfNeurons(3, (1,)))] = np.asarray(of_neuron)[None]
    scores[WeightRequest(LargestCongruence(1))] = np.full((2, 9), largest)
    scores[WeightRequest(UnembeddingAxes())] = on_axes
    return scores


def one_token(size, *, rivals=0):
    """Congruence with every token, that of " w7" and of some rivals standing out."""
    values = np.random.default_rng(0).normal(0, 0.1, WORDS)
    values[T - 1] = size
    values[20 : 20 + rivals] = 1.1 * size
    return values


def ask(scores, *, token_rank=3, neuron_rank=1, neuron=NEURON):
    return IsCongruent(neuron, " w7", token_rank, neuron_rank).answer(scores, 0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_congruent_neuron_of_either_sign(sign):
    found = ask(congruent(one_token(2.0 * sign), reading(2.0 * sign)))
    assert found.holds
    assert found.effect == 2.0 * sign
    assert "dot product" in found.notes[0]
    assert "norm" in found.notes[0]


def test_the_token_must_be_among_the_neurons_first():
    assert ask(congruent(one_token(2.0, rivals=2), reading(2.0))).holds
    found = ask(congruent(one_token(2.0, rivals=3), reading(2.0)))
    assert found.holds is False
    assert "the token is number 4 of 60 for the neuron (at most 3 is asked)" in found.words


def test_the_neuron_must_be_among_the_layers_first_by_the_cosines_size():
    others = reading(2.0)
    others[4] = 0.5, -0.95  # a smaller dot product, a larger cosine, the other sign
    found = ask(congruent(one_token(2.0), others))
    assert found.holds is False
    assert "number 2 of its layer" in found.words
    assert ask(congruent(one_token(2.0), others), neuron_rank=2).holds


def test_z_must_exceed_that_of_directions_that_promote_nothing():
    found = ask(congruent(one_token(2.0), reading(2.0), largest=30.0))
    assert found.holds is False
    assert "is not above 30.0" in found.words


def test_early_layers_never_reach_the_neurons_own():
    deep = Card(
        layers=30, heads=1, kv_heads=1, d_model=8, d_head=8, d_mlp=8, vocabulary=9, context=8
    )
    assert [early_layers(Neuron(n, 0), deep) for n in (0, 3, 20)] == [0, 3, 5]
    assert early_layers(Neuron(1, 0), CARD) == 1


def test_orientation_and_standing():
    assert [sign_of(NEURON, reading(dot)) for dot in (0.3, -0.3)] == [1, -1]
    assert standing(np.array([1.0, 5.0, 3.0, 3.0]), 2).rank == 2
    assert standing(np.ones(4), 2).z == 0.0


def test_a_neuron_on_an_axis_that_tokens_share_singles_none_out():
    shared = np.random.default_rng(1).normal(0, 1, WORDS)
    shared[T - 1] = 8.0  # " w7" is only the one farthest along the axis
    axes = np.stack([np.ones(WORDS), shared], axis=1)
    noise = np.random.default_rng(2).normal(0, 0.1, WORDS) * (np.arange(WORDS) != T - 1)
    scores = congruent(shared + noise, reading(8.0), axes=axes)
    assert ask(scores).holds
    assert IsCongruentBeyondAxes(NEURON, " w7", 3).answer(scores, 0.01).holds is False

    alone = congruent(one_token(2.0), reading(2.0), axes=axes[:, ::-1])
    assert IsCongruentBeyondAxes(NEURON, " w7", 3).answer(alone, 0.01).holds


# --- activation ------------------------------------------------------------------------------


def promotion(on):
    return Promotion(NEURON, " w7", on)


def active(on, activation, **kwargs):
    return IsActive(promotion(on)).answer(known(on, activation, **kwargs), 0.01)


def test_a_neuron_that_is_active_toward_the_token_somewhere():
    on = documents()
    activation = np.zeros_like(follows(on), float)
    activation[3, 5] = 0.1
    assert active(on, activation).holds
    assert active(on, activation, dot=-2.0).holds is False  # it only suppresses the token


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_neuron_is_refuted_by_enough_documents_only(value):
    for count, verdict in ((20, False), (19, None)):
        on = documents(count)
        assert active(on, np.full(follows(on).shape, value)).holds is verdict


def test_what_happens_at_the_first_position_does_not_count():
    on = documents()
    activation = np.zeros(follows(on).shape)
    activation[:, 0] = 50.0
    assert active(on, activation).holds is False


def auroc(on, activation, top, *, dot=2.0, beyond=False):
    scores = known(on, activation, dot=dot, top=top)
    measured = Discrimination(promotion(on), beyond).measured(scores)
    return measured.statistic(np.ones(len(measured.clusters), bool))


def plausible(on, seed=1):
    """The token is likely before itself and at a third of the other positions."""
    return follows(on) | (np.random.default_rng(seed).random(follows(on).shape) < 1 / 3)


def test_a_neuron_active_before_the_token_only():
    on = documents()
    assert auroc(on, follows(on), plausible(on)) == 1.0
    assert auroc(on, -1.0 * follows(on), plausible(on)) == 0.0  # never max(A, 1 − A)
    assert auroc(on, -1.0 * follows(on), plausible(on), dot=-2.0) == 1.0


def test_half_the_negatives_are_positions_where_the_token_was_plausible():
    on = documents()
    likely = plausible(on)
    assert auroc(on, likely, likely) == pytest.approx(0.75)  # half 1, half a tie


def test_an_auroc_that_only_tells_documents_apart_is_one_half():
    on = documents()
    by_document = np.repeat(np.arange(24.0)[:, None], follows(on).shape[1], axis=1)
    assert auroc(on, by_document, plausible(on)) == 0.5


def test_too_few_documents_say_how_many_and_what_to_do():
    on = documents(19)
    with pytest.raises(CannotTell, match=r"in 19 of 19 documents .* 20 are needed. Give on= more"):
        auroc(on, follows(on), plausible(on))
    never = documents()
    with pytest.raises(CannotTell, match="in 0 of 24"):
        auroc(never, follows(never), follows(never))  # never plausible elsewhere


def test_the_choice_of_negatives_is_a_documents_own():
    on = documents(40)
    rng = np.random.default_rng(3)
    activation, likely = rng.random(follows(on).shape), plausible(on)
    some = PromptSet(on.name, on.prompts[10:], on.cluster_by)
    scores = known(on, activation, top=likely)
    everything = Discrimination(promotion(on)).measured(scores).statistic
    assert auroc(some, activation[10:], likely[10:]) == everything(np.arange(40) >= 10)


def test_position_explains_a_neuron_that_fires_late():
    on = documents()
    late = np.broadcast_to(np.linspace(0, 1, 31) ** 2, (24, 31)) + 0.0
    late[:, [8, 20]] += 5.0  # where the token follows, in every document
    assert auroc(on, late, plausible(on)) > 0.9
    assert auroc(on, late, plausible(on), beyond=True) == 0.5


def test_a_position_is_compared_with_at_least_two_other_documents():
    values = np.array([[1.0, 2.0, 3.0], [3.0, 6.0, np.nan], [5.0, 7.0, 1.0]])
    expected = np.array([[-3.0, -4.5, np.nan], [0.0, 1.5, np.nan], [3.0, 3.0, np.nan]])
    np.testing.assert_allclose(without_position(values), expected, atol=1e-4)


# --- effect ----------------------------------------------------------------------------------


def test_the_top_decile_is_oriented_strict_and_without_the_first_position():
    on = documents(20)
    activation = np.zeros((20, 31))
    activation[:, 0] = -99.0
    activation[:, 4] = -1.0
    top = TopActivity(promotion(on))
    scores = known(on, activation, dot=-2.0)
    assert top.positions(scores).tolist() == [[unit, 4] for unit in range(20)]
    replacement = top.replacement(scores)
    np.testing.assert_allclose(replacement.values, -1.0 / 30)  # a's own mean, not s·a's
    np.testing.assert_allclose(top.measured(scores).values, 1.0)


def test_a_neuron_that_only_pauses_suppressing_the_token_fails_a_guard():
    made = neuron_promotes_token(
        Session().model(neuron_model())["L2N0"], " w1", on=documents(), by=0.1
    )
    guards = {leaf.name: leaf for role, leaf in made.body.leaves() if role == "guard"}
    assert guards["not a release"].region == above(0.0)
    assert isinstance(guards["not a release"].quantity, TopActivity)

    on = documents(20)
    activation = np.full((20, 31), -3.0)
    activation[:, [8, 20]] = -1.0
    activation[0, 5] = 0.1  # so that it is active somewhere
    assert active(on, activation).holds
    assert (TopActivity(promotion(on)).measured(known(on, activation)).values < 0).all()


def test_a_tenth_of_all_positions_is_in_the_top_decile():
    on = documents(20)
    activation = np.random.default_rng(0).random((20, 31))
    assert len(TopActivity(promotion(on)).positions(known(on, activation))) == 60


def test_the_drop_is_averaged_by_document_where_it_has_such_positions():
    on = documents(20)
    activation = np.zeros((20, 31))
    activation[:10, 4] = activation[:10, 9] = 1.0
    scores = known(on, activation)
    drop = LogitDrop(promotion(on), (1, 2))
    clean = Request(TokenContrast(T, (1, 2)), on)
    assert clean in drop.needs(scores)
    scores[clean] = np.full((20, 31), 3.0)
    (without,) = (r for r in drop.needs(scores) if r not in scores)
    scores[without] = np.full((20, 31), 3.0)
    scores[without][:10, 4] = np.arange(10.0)
    scores[without][10:] = -50.0  # no position of these is replaced
    measured = drop.measured(scores)
    np.testing.assert_allclose(measured.values, (3.0 - np.arange(10.0)) / 2)
    assert measured.units == tuple(range(10))
    assert drop.noise(scores, lambda r: 0.5 if r == without else 0.1) == 0.5


def test_the_spread_of_documents_is_the_error_of_the_mean_over_the_top_decile():
    """All documents share the threshold; its error is theirs. A part of each activation is the
    document's own, so that some have many positions above, and others hardly one."""
    rng = np.random.default_rng(0)
    on = documents(40)

    def drawn(count):
        return rng.normal(size=(count, 1)) / 2 + rng.normal(size=(count, 31))

    many = drawn(20_000)
    truth = many[many > np.quantile(many, 0.9)].mean()
    standardised = []
    for _ in range(300):
        values = TopActivity(promotion(on)).measured(known(on, drawn(40))).values
        assert len(values) == 40
        standardised.append((values.mean() - truth) / (values.std(ddof=1) / np.sqrt(40)))
    assert np.std(standardised) == pytest.approx(1.0, abs=0.3)  # 2.3 by documents' own means
    assert abs(np.mean(standardised)) < 0.35


def test_documents_in_which_a_rectified_neuron_rests_are_left_out():
    on = documents(40)
    activation = np.zeros((40, 31))
    activation[:25, [4, 9]] = 1.0 + np.arange(25.0)[:, None]
    measured = TopActivity(promotion(on)).measured(known(on, activation))
    assert measured.units == tuple(range(25))
    np.testing.assert_allclose(measured.values, 1.0 + np.arange(25.0))


def test_a_constant_neuron_has_no_top_decile():
    on = documents(20)
    scores = known(on, np.ones((20, 31)))
    scores[Request(TokenContrast(T, (1, 2)), on)] = np.zeros((20, 31))
    drop = LogitDrop(promotion(on), (1, 2))
    assert all(request in scores for request in drop.needs(scores))
    with pytest.raises(CannotTell, match="L3N1 is nowhere above its 90th percentile"):
        drop.measured(scores)


# --- peers -----------------------------------------------------------------------------------


def peer_scores(on, guard, drops, *, written):
    """Neuron n is active at position 5 + n and replacing it there drops the contrast by its own."""
    scores = Known()
    many = len(written)
    scores[WeightRequest(NeuronsOfToken(3, T))] = reading(2.0, d_mlp=many)
    scores[Request(NeuronActivations(3), on)] = np.tile(written, (len(on), 1))
    scores[WeightRequest(NeuronOutputNorms(3))] = np.ones(many)
    while missing := [r for r in guard.needs(scores) if r not in scores]:
        for request in missing:
            shape = (len(request.on), 32)
            match request.measurement:
                case NeuronActivations(neurons=neurons):
                    made = np.zeros((*shape, len(neurons)))
                    for column, neuron in enumerate(neurons):
                        made[:, 5 + neuron % 20, column] = 1.0
                case TokenContrast() if request.under is None:
                    made = np.zeros(shape)
                case _:
                    neuron = request.under.neurons[0].neuron
                    made = np.full(shape, -drops[neuron])
            scores[request] = made
    return scores


def beats(drops, *, count=99, written=None):
    on = documents(24, 40)
    guard = BeatsPeers(promotion(on), count)
    sizes = np.ones(len(drops)) if written is None else written
    return guard.answer(peer_scores(on, guard, drops, written=sizes), 0.01)


def test_a_neuron_that_does_more_than_every_peer():
    drops = np.linspace(0, 0.5, 101)
    drops[1] = 0.6
    found = beats(drops)
    assert found.holds
    assert found.p_value == 0.01
    assert found.effect == pytest.approx(0.6)


def test_a_peer_that_does_as_much_fails_it():
    drops = np.zeros(101)
    drops[1] = drops[50] = 0.6
    found = beats(drops)
    assert found.holds is False
    assert "1 of 99 neurons" in found.words


def test_peers_are_those_that_write_most_nearly_as_much():
    drops = np.zeros(150)
    drops[1], drops[[0, 149]] = 0.6, 0.9  # these two write far less and far more
    written = np.full(150, 2.0)
    written[0], written[149] = 0.01, 90.0
    assert beats(drops, written=written).holds
    assert beats(drops, written=np.full(150, 2.0)).holds is False


def test_too_few_peers_decide_nothing():
    found = beats(np.array([0.0, 1.0, 0.0]))
    assert found.holds is None
    assert "too few" in found.words


def test_dead_neurons_are_no_peers():
    drops, written = np.eye(101)[1], np.ones(101)
    assert beats(drops, written=written).holds
    written[[60, 70]] = 0.0
    assert "98 peers are too few" in beats(drops, written=written).words


# --- the claim -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return Session().model(neuron_model(gated=True))


DOCUMENTS = neuron_documents()


def test_the_sentence(model):
    made = neuron_promotes_token(model["L2N0"], " w1", on=DOCUMENTS, by=1.0)
    assert made.sentence == "L2N0 promotes ' w1' in planted-neurons-gated"


def test_what_it_is_about(model):
    with pytest.raises(ComponentError, match="neuron_promotes_token is about one neuron"):
        neuron_promotes_token(model["L2H0"], " w1", on=DOCUMENTS, by=1.0)
    with pytest.raises(ClaimError, match="ranks count from 1; got 0 and 10"):
        neuron_promotes_token(model["L2N0"], " w1", on=DOCUMENTS, by=1.0, token_rank=0)
    with pytest.raises(TypeError, match="by"):
        neuron_promotes_token(model["L2N0"], " w1", on=DOCUMENTS)


def test_it_asks_for_as_many_peers_as_the_false_pass_rate_takes():
    strict = Session(false_pass_rate=0.001).model(neuron_model())
    made = neuron_promotes_token(strict["L2N0"], " w1", on=DOCUMENTS, by=1.0)
    assert any("999 like neurons" in leaf.words for _, leaf in made.body.leaves())


def test_incongruence_is_refuted_without_a_run():
    evidence = neuron_promotes_token(
        Session().model(neuron_model())["L2N0"], " w50", on=DOCUMENTS, by=1.0
    ).check()
    assert str(evidence.verdict) == "refuted"
    assert evidence.runs == 0


def test_primaries_come_before_peers(model):
    made = neuron_promotes_token(model["L2N0"], " w1", on=DOCUMENTS, by=1.0)
    known = model.court._loaded(model.spec)
    case = Case(made.body, known, 0.01)
    order = []
    while missing := case.missing():
        order.append({type(request.measurement).__name__ for request in missing})
        known.run(missing)
    assert order[0] >= {"NeuronsOfToken", "TokensOfNeurons", "LargestCongruence"}
    assert "TopTokens" in order[1]
    assert order[2] == {"TokenContrast"}
    assert len(order) <= 6


# --- candidates ------------------------------------------------------------------------------


def test_candidates_are_found_from_weights_with_their_sign(model):
    found = congruent_neurons(model, layers=[2], top=5)
    pairs = dict(zip(found["neuron"], found["token"], strict=True))
    assert pairs["L2N0"] == " w1"
    assert pairs["L2N1"] == " w2"
    planted = found.set_index("neuron").loc["L2N0"]
    assert planted["z"] < 0  # its output points away: it is the negated neuron that promotes
    assert planted["congruence"] < 0
    assert (planted["token_rank"], planted["neuron_rank"]) == (1, 1)
    assert found["z"].abs().is_monotonic_decreasing
    assert len(found) == 5


def test_candidates_for_given_tokens(model):
    found = congruent_neurons(model, layers=[0, 2], tokens=[" w2", " w4"], top=2)
    assert set(zip(found["neuron"], found["token"], strict=True)) == {
        ("L2N1", " w2"),
        ("L2N3", " w4"),
    }


def test_candidates_are_looked_for_in_layers_and_tokens_that_there_are(model):
    with pytest.raises(ComponentError, match="L9N0"):
        congruent_neurons(model, layers=[9])
    with pytest.raises(ComponentError, match="one layer at least"):
        congruent_neurons(model, layers=[])
    with pytest.raises(TokenError, match="congruent_neurons needs one"):
        congruent_neurons(model, layers=[2], tokens=["w1 w2"])
