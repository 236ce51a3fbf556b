"""Models compiled from RASP programs do what the programs say, and claims find it."""

import numpy as np
import pytest
import torch

from circuit_assert import (
    attention_over,
    claim,
    contrast,
    head_attends_inductively,
    prefix_matching_score,
    repeated_tokens,
)
from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.errors import ModelError
from circuit_assert.models.planted_models import compiled_model
from circuit_assert.models.planted_models.rasp import compiled
from circuit_assert.models.spec import spec_of
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = (
    Verdict.SUPPORTED,
    Verdict.REFUTED,
    Verdict.INCONCLUSIVE,
)
SHARP = 1e-3  # compiled attention leaks: e^(−50/√26) to each of at most 16 keys
INDUCTION, COUNT = compiled_model("induction"), compiled_model("count")
LETTERS = {"induction": 24, "count": 6}  # the words that the programs read come first
PROMPTS = repeated_tokens(lengths=(5, 6, 7))


def previous(tokens):
    """Selector: the token before, bool[sequence, query, key]."""
    places = np.arange(tokens.shape[1])
    return np.tile(places[None, :] == places[:, None] - 1, (len(tokens), 1, 1))


def after_same(tokens):
    """Selector: tokens whose predecessor is the current one, up to now."""
    before = np.concatenate([np.full((len(tokens), 1), -1), tokens[:, :-1]], axis=1)
    return causal(before[:, None, :] == tokens[:, :, None])


def same(tokens):
    """Selector: the current token, wherever it stood up to now."""
    return causal(tokens[:, None, :] == tokens[:, :, None])


def causal(selected):
    return selected & np.tri(selected.shape[1], dtype=bool)


def aggregated(selected, tokens, size):
    """The selected tokens' one-hot codes, averaged; nothing where nothing is selected."""
    count = selected.sum(-1, keepdims=True)
    return selected @ np.eye(size)[tokens] / np.maximum(count, 1)


def attended(selected, *, always_the_beginning=False):
    """The attention that a compiled selector has, with the beginning as the first key."""
    beginning = (~selected.any(-1) | always_the_beginning)[..., None]
    shares = np.concatenate([beginning, selected], axis=-1).astype(float)
    return shares / shares.sum(-1, keepdims=True)


class Run:
    """What a compiled model does with random letters, without the beginning token."""

    def __init__(self, name):
        planted = compiled_model(name)
        generator = np.random.default_rng(0)
        length = planted.card.context - 1
        self.letters = generator.integers(1, 1 + LETTERS[name], (200, length))
        self.size = planted.card.vocabulary
        self._engine = load(spec_of(planted))
        self._last = planted.card.layers - 1

    def read(self, site):
        """An activation, from the first letter on."""
        begun = np.pad(self.letters, ((0, 0), (1, 0)))
        kept = []
        reads = {site: [kept.append]}
        self._engine.run(torch.tensor(begun), reads=reads, edits={}, last_layer=self._last)
        return kept[0].numpy()

    def attention(self, layer):
        return self.read(Site(layer, "pattern"))[:, 0, 1:]

    def logits(self):
        final = torch.tensor(self.read(Site(self._last, "resid_post"))[:, 1:])
        every = torch.arange(self.size).expand(*final.shape[:2], -1)
        flat = self._engine.token_logits(final.flatten(0, 1), every.flatten(0, 1))
        return flat.view(every.shape).numpy()


@pytest.fixture(scope="module")
def induction():
    return Run("induction")


@pytest.fixture(scope="module")
def count():
    return Run("count")


def test_the_induction_program_is_computed(induction):
    letters = induction.letters
    expected = aggregated(after_same(letters), letters, induction.size)
    assert expected.any(-1).mean() > 0.1  # it says something at many places
    assert np.allclose(induction.logits(), expected, atol=SHARP)


def test_the_count_program_is_computed(count):
    words = COUNT.vocabulary
    said = count.logits().argmax(-1)
    assert len(np.unique(said)) > 4
    assert [[int(words[word]) for word in row] for row in said] == same(count.letters).sum(
        -1
    ).tolist()


def test_heads_attend_where_their_selectors_say(induction, count):
    for run, layer, shares in (
        (induction, 0, attended(previous(induction.letters))),
        (induction, 1, attended(after_same(induction.letters))),
        (count, 0, attended(same(count.letters), always_the_beginning=True)),
    ):
        assert np.allclose(run.attention(layer), shares, atol=SHARP)


def test_variables_of_the_program_lie_where_it_is_said(induction):
    start, end = compiled("induction")["variables"]["previous_token"]
    letters = induction.letters
    expected = aggregated(previous(letters), letters, induction.size)[..., 1:]
    assert np.allclose(
        induction.read(Site(0, "resid_post"))[:, 1:, start:end], expected, atol=SHARP
    )


@claim("{head} attends to the previous token")
def attends_back(head, *, by: float = 0.5):
    """More to the previous token than to the one that induction would find."""
    return contrast(
        attention_over(head, "previous"), versus=prefix_matching_score(head), on=PROMPTS, by=by
    )


def inductively(head):
    return head_attends_inductively(head, on=PROMPTS)


@pytest.mark.parametrize(
    ("of", "head", "verdict"),
    [
        (attends_back, "L0H0", SUPPORTED),
        (attends_back, "L1H0", REFUTED),
        (inductively, "L1H0", SUPPORTED),
        (inductively, "L0H0", INCONCLUSIVE),  # the same in every sequence: no spread, no interval
    ],
)
def test_a_claim_holds_of_the_head_whose_selector_it_is_about(model_of, of, head, verdict):
    assert of(model_of(INDUCTION)[head]).check().verdict is verdict


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(INDUCTION.with_random_weights(seed))
    claims = [of(model[head]) for of in (attends_back, inductively) for head in ("L0H0", "L1H0")]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


def test_another_program_is_refused():
    with pytest.raises(ModelError, match="try count or induction"):
        compiled_model("sort")
