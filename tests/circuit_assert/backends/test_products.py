"""Products of float32 on a CPU, by whichever library is faster."""

from functools import partial

import pytest
import torch
from torch.nn.functional import linear as own
from transformers.pytorch_utils import Conv1D

from circuit_assert import linear as library
from circuit_assert.backends.products import multiply_fast
from circuit_assert.linear import linear, linear_gelu

gelu = partial(torch.nn.functional.gelu, approximate="tanh")
SHAPES = [(1, 7, 5), (3, 64, 96), (130, 96, 64)]


@pytest.fixture
def by_onednn(monkeypatch):
    """OneDNN is taken to be faster; what it was given is counted."""
    given = []
    taken = library._by_onednn

    def counted(rows, *others):
        given.append(tuple(rows.shape))
        return taken(rows, *others)

    monkeypatch.setattr(library, "onednn_is_faster", lambda: True)
    monkeypatch.setattr(library, "_by_onednn", counted)
    with torch.no_grad():
        yield given


def _close(one, other):
    return torch.allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)], ids=str)
@pytest.mark.parametrize("biased", [True, False])
def test_both_libraries_give_the_same(by_onednn, shape, leading, biased):
    rows, entering, leaving = shape
    torch.manual_seed(rows)
    stream = torch.randn(*leading, rows, entering)
    weights, bias = torch.randn(leaving, entering), torch.randn(leaving) if biased else None
    assert _close(linear(stream, weights, bias), own(stream, weights, bias))
    assert by_onednn == [(*leading, rows, entering)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("biased", [True, False])
def test_gelu_on_the_way_is_gelu_afterwards(by_onednn, shape, biased):
    rows, entering, leaving = shape
    torch.manual_seed(rows)
    stream, weights = torch.randn(2, rows, entering), torch.randn(leaving, entering)
    bias = torch.randn(leaving) if biased else None
    exact = gelu(own(stream.double(), weights.double(), None if bias is None else bias.double()))
    made = linear_gelu(stream, weights, bias)
    assert float((made - exact).abs().max()) <= 1e-6 * float(exact.abs().max())
    assert by_onednn == [(2, rows, entering)]


def test_gelu_of_other_dtypes_is_left_to_torch(by_onednn):
    stream, weights = torch.randn(2, 4).bfloat16(), torch.randn(3, 4).bfloat16()
    assert torch.equal(linear_gelu(stream, weights), gelu(own(stream, weights)))
    assert by_onednn == []


def test_rows_and_weights_that_do_not_lie_together(by_onednn):
    torch.manual_seed(0)
    stream, weights = torch.randn(4, 6, 20)[..., ::2], torch.randn(10, 8).T
    assert _close(linear(stream, weights), own(stream, weights))


@pytest.mark.parametrize(
    ("part", "copied"),
    [
        (torch.randn(8, 6), False),
        (torch.randn(6, 8).T, False),
        (torch.randn(12, 6)[4:], False),
        (torch.randn(8, 18)[:, 6:12], True),
        (torch.randn(6, 24)[:, 8:16].T, True),
    ],
    ids=["whole", "transposed", "rows", "columns", "columns transposed"],
)
def test_weights_between_others_are_copied(by_onednn, monkeypatch, part, copied):
    """Of those it makes products a hundred times more slowly."""
    given = []
    taken = library._by_onednn
    monkeypatch.setattr(library, "_by_onednn", lambda *all_: given.append(all_[1]) or taken(*all_))
    stream = torch.randn(3, 6)
    assert _close(linear(stream, part), own(stream, part))
    assert (given[0].data_ptr() != part.data_ptr()) == copied
    assert given[0].is_contiguous() or given[0].T.is_contiguous()


@pytest.mark.parametrize("layer", [torch.nn.Linear(12, 8), Conv1D(8, 12)], ids=["linear", "conv"])
def test_layers_of_either_kind_give_what_they_gave(by_onednn, layer):
    torch.manual_seed(1)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    stream = torch.randn(2, 5, 12)
    before = layer(stream)
    multiply_fast(torch.nn.Sequential(layer))
    assert _close(layer(stream), before)
    assert by_onednn == [(2, 5, 12)]


def test_a_layer_whose_weights_change_uses_the_new_ones(by_onednn):
    layer = torch.nn.Linear(4, 3, bias=False)
    multiply_fast(torch.nn.Sequential(layer))
    stream = torch.randn(2, 4)
    before = layer(stream)
    layer.weight.data *= 2
    assert _close(layer(stream), 2 * before)
    layer.weight.data = layer.weight.data.bfloat16()
    assert layer(stream.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "given",
    [
        (torch.randn(2, 4).bfloat16(), torch.randn(3, 4).bfloat16()),
        (torch.randn(2, 4).double(), torch.randn(3, 4).double()),
        (torch.randn(0, 4), torch.randn(3, 4)),
        (torch.randn(2, 4, device="meta"), torch.randn(3, 4, device="meta")),
    ],
    ids=["bfloat16", "float64", "no rows", "another device"],
)
def test_all_else_is_left_to_torch(by_onednn, given):
    assert linear(*given).shape == own(*given).shape
    assert by_onednn == []


def test_with_gradients_it_is_left_to_torch(by_onednn):
    weights = torch.randn(3, 4, requires_grad=True)
    with torch.enable_grad():
        linear(torch.randn(2, 4), weights).sum().backward()
    assert weights.grad is not None
    assert by_onednn == []


def test_a_library_that_is_no_faster_or_not_there_is_not_used(monkeypatch):
    seconds = {"own": 1.0, "other": 0.9}

    def timed(by, rows, weights):
        return seconds["own" if by is library._by_torch else "other"]

    monkeypatch.setattr(library, "_seconds", timed)
    assert not library.onednn_is_faster.__wrapped__()
    seconds["other"] = 0.5
    assert library.onednn_is_faster.__wrapped__()

    def missing(by, rows, weights):
        raise AttributeError("no such operator")

    monkeypatch.setattr(library, "_seconds", missing)
    assert not library.onednn_is_faster.__wrapped__()


def test_a_library_is_chosen_alike_when_the_processor_slows_down_in_between(monkeypatch):
    tried: list[str] = []

    def timed(by, rows, weights):
        tried.append("own" if by is library._by_torch else "other")
        slowed = 3.0 if len(tried) > 6 else 1.0
        return slowed * {"own": 1.0, "other": 0.5}[tried[-1]]

    monkeypatch.setattr(library, "_seconds", timed)
    assert library.onednn_is_faster.__wrapped__()
    assert tried[:4] == ["own", "other"] * 2
