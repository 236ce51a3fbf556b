"""Writing on, against a plain loop over whole runs."""

import torch

from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.models.planted_models import steering_model, steering_prefixes
from circuit_assert.models.spec import spec_of

PLANTED = steering_model()
BACKEND = load(spec_of(PLANTED, revision=None, device="cpu", dtype="float32"))
ROWS = torch.stack(
    [torch.from_numpy(r) for r in steering_prefixes().tokenize(PLANTED.tokenizer).tokens["clean"]]
)
SITE = Site(0, "resid_post")


def logits_of(tokens, vectors=None):
    def add(activation):
        return activation + torch.cat(
            [torch.zeros_like(activation[:, :1]), vectors[:, None].expand_as(activation[:, 1:])], 1
        )

    edits = {} if vectors is None else {SITE: [add]}
    last = BACKEND.card.layers - 1
    final = BACKEND.run(tokens, reads={}, edits=edits, last_layer=last)[:, -1]
    return BACKEND.all_logits(final)


def test_the_likeliest_token_is_written_each_time():
    tokens = ROWS
    vectors = torch.randn(len(ROWS), BACKEND.card.d_model, generator=torch.manual_seed(0))
    for _ in range(4):
        tokens = torch.cat([tokens, logits_of(tokens, vectors).argmax(-1, keepdim=True)], 1)
    written = BACKEND.generate(ROWS, 4, site=SITE, vectors=vectors)
    assert torch.equal(written, tokens[:, ROWS.shape[1] :])
    assert not torch.equal(written, BACKEND.generate(ROWS, 4))


def test_drawn_tokens_have_their_probabilities():
    row = ROWS[:1]
    expected = logits_of(row).softmax(-1)[0]
    draws = (torch.arange(2000) + 0.5)[:, None] / 2000
    drawn = BACKEND.generate(row.expand(2000, -1), 1, draws=draws)
    found = torch.bincount(drawn[:, 0], minlength=len(expected)) / len(drawn)
    assert (found - expected).abs().max() < 1 / 1000


def test_each_token_has_a_draw_of_its_own(monkeypatch):
    monkeypatch.setattr("circuit_assert.backends.generation._DRAWN_AT_ONCE", 1)
    draws = torch.tensor([[0.1, 0.9, 0.4], [0.5, 0.2, 0.7]])
    written = BACKEND.generate(ROWS[:2], 3, draws=draws)
    for row, own, tokens in zip(ROWS, draws, written, strict=False):
        before = row[None]
        for draw, token in zip(own, tokens, strict=True):
            shares = logits_of(before).double().softmax(-1)[0].cumsum(0)
            assert shares[token] > draw
            assert token == 0 or shares[token - 1] <= draw
            before = torch.cat([before, token.view(1, 1)], 1)
