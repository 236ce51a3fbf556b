"""What a model may leave out, and that it says so when it may not."""

import pytest
import torch

from circuit_assert.backends.shortcuts import narrows_exactly, resumes_exactly
from circuit_assert.components import Site
from circuit_assert.errors import SlowerWarning


def whole(backend, tokens, **options):
    options = {"reads": {}, "edits": {}, **options}
    return backend.run(tokens, last_layer=backend.card.layers - 1, **options)


@pytest.fixture
def needed(tokens):
    """The last position of the first row, and three of the second."""
    chosen = torch.zeros(tokens.shape, dtype=torch.bool)
    chosen[0, -1] = chosen[1, :3] = True
    return chosen


def rows_into_the_mlp(backend, layer, run):
    """How many positions an MLP computes during a run."""
    seen = []
    parts = dict(backend._bridge.blocks[layer].mlp.named_modules())
    linear = next(part for part in parts.values() if isinstance(part, torch.nn.Linear))
    handle = linear.register_forward_pre_hook(lambda _, given: seen.append(given[0][..., 0]))
    try:
        run()
    finally:
        handle.remove()
    return sum(part.numel() for part in seen)


def test_the_last_mlp_runs_where_it_is_needed_and_nowhere_else(backend, tokens, needed):
    assert backend.can_narrow
    last = backend.card.layers - 1

    def run():
        return whole(backend, tokens, needed=needed)

    assert rows_into_the_mlp(backend, last, run) == int(needed.sum()) == 4
    assert rows_into_the_mlp(backend, 0, run) == (4 if last == 0 else tokens.numel())


def test_it_is_the_same_there_and_no_number_elsewhere(backend, tokens, needed):
    narrow = whole(backend, tokens, needed=needed)
    torch.testing.assert_close(narrow[needed], whole(backend, tokens)[needed])
    assert narrow[~needed].isnan().all()
    assert torch.equal(whole(backend, tokens), whole(backend, tokens))  # no trace


@pytest.mark.parametrize("name", ["mlp_post", "mlp_out", "resid_post"])
def test_what_reads_the_last_mlp_gets_it_whole(backend, tokens, needed, name):
    site = Site(backend.card.layers - 1, name)
    kept = []
    final = whole(backend, tokens, needed=needed, reads={site: [kept.append]})
    assert kept[0].shape[:2] == tokens.shape
    assert torch.equal(final, whole(backend, tokens))


def test_an_error_on_the_way_leaves_no_trace(backend, tokens, needed):
    def fail(activation):
        raise RuntimeError("on purpose")

    before = whole(backend, tokens)
    site = Site(backend.card.layers - 1, "z")
    with pytest.raises(RuntimeError, match="on purpose"):
        whole(backend, tokens, needed=needed, reads={site: [fail]})
    assert torch.equal(before, whole(backend, tokens))


class Otherwise:
    """A model that does something else when it is asked to run less of itself."""

    def __init__(self, backend, option, does):
        self._backend, self._option, self._does = backend, option, does
        self.name, self.card, self.device = backend.name, backend.card, backend.device

    def run(self, tokens, **options):
        final = self._backend.run(tokens, **options)
        return final if options.get(self._option) is None else self._does(final)


def _fails(final):
    raise RuntimeError("no such thing")


@pytest.mark.parametrize(
    ("does", "why"),
    [
        pytest.param(lambda final: final * 1.01, "results would differ", id="differs"),
        pytest.param(lambda final: final * torch.nan, "results would differ", id="nan"),
        pytest.param(_fails, "no such thing", id="fails"),
    ],
)
def test_a_model_that_cannot_says_so(backend, does, why):
    shortcuts = {
        "resume": (resumes_exactly, "cannot start at a later block"),
        "needed": (narrows_exactly, "cannot compute the last MLP where it is read only"),
    }
    for option, (tried, what) in shortcuts.items():
        assert tried(backend)
        with pytest.warns(SlowerWarning, match=what) as said:
            assert not tried(Otherwise(backend, option, does))
        assert why in str(said[0].message)
