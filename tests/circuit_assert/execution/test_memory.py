"""How much memory runs may take."""

import sys
from types import SimpleNamespace

import pytest
import torch

from circuit_assert import Session
from circuit_assert.errors import CircuitAssertError
from circuit_assert.execution import memory
from circuit_assert.models.planted_models import induction_model

CPU = torch.device("cpu")


class Free:
    """A machine with so many bytes free."""

    def __init__(self, available):
        self.available = available


@pytest.mark.parametrize(
    ("free", "most", "expected"),
    [
        (1 << 40, None, 1 << 28),  # more rows are no faster on a CPU
        (13 << 20, None, 1 << 20),
        (1 << 40, 10 << 20, 1 << 20),  # what runs keep takes nine parts of ten
        (13 << 20, 1 << 40, 1 << 20),
    ],
)
def test_a_part_of_what_is_free_and_no_more_than_was_said(monkeypatch, free, most, expected):
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: Free(free))
    assert memory.budget([CPU], most) == expected


def test_on_cuda_it_is_by_what_the_device_has_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (78 << 30, 99 << 30))
    assert memory.budget([torch.device("cuda:1")]) == 6 << 30


def test_over_several_devices_the_fullest_decides(monkeypatch):
    free = {0: 80 << 30, 1: 26 << 30, 2: 60 << 30}
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free[device.index], 99 << 30))
    assert memory.budget([torch.device("cuda", number) for number in free]) == 2 << 30


def test_running_out_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as real:
        torch.empty(1 << 60)  # what torch says on a CPU
    assert memory.ran_out(real.value)
    assert memory.ran_out(torch.OutOfMemoryError("no room"))
    assert memory.ran_out(MemoryError())
    assert not memory.ran_out(RuntimeError("shapes do not match"))


def test_a_session_hands_it_on():
    session = Session(memory=320 << 20)
    model = session.model(induction_model())
    session.measure(model, [])
    known = session._known[model.spec]
    assert known.executor.memory == known.apart().executor.memory == 32 << 20


def test_too_little_is_refused_before_a_model_loads():
    with pytest.raises(CircuitAssertError, match="67,108,864 of them at least; got 512"):
        Session(memory=512)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is asked of the C library")
@pytest.mark.parametrize("functions", [{}, {"malloc_trim": True}], ids=["another", "glibc"])
def test_freed_memory_goes_back_to_the_system(monkeypatch, functions):
    calls = []
    library = SimpleNamespace(**dict.fromkeys(functions, calls.append))
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: library)
    memory.release([CPU])
    assert calls == [0] * len(functions)
