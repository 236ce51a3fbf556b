"""Where models load: what can be said, and what is here."""

import pytest
import torch

from circuit_assert import Session
from circuit_assert.errors import ModelError
from circuit_assert.models.devices import device_of, devices_here
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import spec_of


@pytest.fixture
def gpus(monkeypatch):
    """A machine with so many GPUs."""

    def there(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return there


@pytest.mark.parametrize("said", ["cpu", "mps", "cuda", "cuda:1", "auto", "cuda:0,cuda:1"])
def test_what_is_spelt_right_stays(said):
    assert device_of(said) == said


def test_several_devices_are_in_order_without_spaces():
    assert device_of("cuda:10, cuda:2") == "cuda:2,cuda:10"
    one, other = (spec_of("gpt2", device=said) for said in ("cuda:1,cuda:0", "cuda:0, cuda:1"))
    assert one == other


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("tpu", "write cpu, mps, cuda, cuda:1, auto, or cuda:0,cuda:1"),
        ("", "write cpu"),
        ("cuda:", "write cpu"),
        ("cuda:0,1", "write cuda:0,cuda:1"),
        ("cuda,cuda:1", "each with its number: write cuda:0,cuda:1"),
        ("cuda:0,cpu", "over CUDA devices only"),
        ("auto,cuda:0", "over CUDA devices only"),
        ("cuda:2,cuda:2", "twice"),
        ("cuda:0,", "write cuda:0,cuda:1"),
    ],
)
def test_a_slip_is_refused_before_anything_loads(said, words):
    with pytest.raises(ModelError, match=words):
        spec_of("gpt2", device=said)


def test_auto_is_all_gpus_or_the_cpu(gpus):
    gpus(0)
    assert devices_here("auto") == ("cpu",)
    gpus(1)
    assert devices_here("auto") == ("cuda:0",)
    gpus(3)
    assert devices_here("auto") == ("cuda:0", "cuda:1", "cuda:2")


@pytest.mark.parametrize(
    ("count", "said", "words"),
    [
        (0, "cuda", "no CUDA device is available here: use device cpu, not cuda"),
        (0, "cuda:0,cuda:1", "no CUDA device"),
        (1, "cuda:0,cuda:1", "there is no cuda:1: CUDA devices are cuda:0"),
        (2, "cuda:2", "CUDA devices are cuda:0 to cuda:1"),
        (2, "mps", "no mps device"),
    ],
)
def test_what_is_not_here_is_refused(gpus, count, said, words):
    gpus(count)
    with pytest.raises(ModelError, match=words):
        devices_here(said)


def test_the_ledger_says_where_it_was(gpus):
    """ "auto" on two machines is not the same place."""
    gpus(2)
    assert spec_of("gpt2", device="auto").place() == "cuda:0,cuda:1"
    assert spec_of("gpt2", device="cuda").place() == "cuda"
    gpus(0)
    planted = Session(device="auto").model(induction_model())
    assert planted.spec.device == "auto"
    assert planted.spec.place() == "cpu"


def test_a_planted_model_is_on_the_first(gpus):
    gpus(2)
    assert spec_of(induction_model(), device="cuda:0,cuda:1").place() == "cuda:0"
