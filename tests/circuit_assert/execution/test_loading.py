"""One model in memory at a time, and nothing that was measured is lost with it."""

import gc
import warnings
import weakref

import pytest
import torch

from circuit_assert import head_attends_inductively, repeated_tokens
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.errors import ExecutionError
from circuit_assert.execution.known import Known
from circuit_assert.measurements import AttentionOverPairs, Request
from circuit_assert.models.planted_models import induction_model, lookup_model
from circuit_assert.models.spec import spec_of
from circuit_assert.session import Session

SHORT = repeated_tokens(lengths=(4, 5, 6), sequences=6)
REQUEST = Request(AttentionOverPairs("induction"), SHORT)


def test_loading_another_model_frees_the_first():
    session = Session()
    first, second = session.model(induction_model()), session.model(lookup_model())
    head_attends_inductively(first["L1H0"]).check()
    held = weakref.ref(session._known[first.spec].weights)
    weights = weakref.ref(session._known[first.spec].weights._bridge.original_model.head)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head_attends_inductively(second["L1H0"], on=SHORT).check()

    gc.collect()
    assert held() is None
    assert weights() is None


def test_evidence_does_not_hold_the_model():
    session = Session()
    claim = head_attends_inductively(session.model(induction_model())["L1H0"])
    claim.check()
    held = weakref.ref(session._known[claim.model.spec].weights)
    session.close()
    gc.collect()
    assert held() is None
    assert claim.check().headline is not None


def test_a_run_that_fails_does_not_hold_the_model(monkeypatch):
    session = Session()
    model = session.model(induction_model())
    head_attends_inductively(model["L1H0"]).check()
    backend = session._known[model.spec].weights

    def fail(self, tokens, **options):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(type(backend), "run", fail)
    other = repeated_tokens(lengths=(4, 5, 6), sequences=9)
    with pytest.raises(ExecutionError, match="on purpose") as caught:
        head_attends_inductively(model["L1H0"], on=other).check()
    assert "fail" in "".join(caught.value.__notes__)

    held = weakref.ref(backend)
    del backend
    session.close()
    gc.collect()
    assert held() is None


def test_something_that_holds_the_model_is_warned_of(monkeypatch):
    monkeypatch.setattr("circuit_assert.execution.known._SMALL", 0)
    known = Known(spec_of(induction_model()))
    known.load()
    holding = known.weights
    with pytest.warns(UserWarning, match="still in memory"):
        known.unload()
    assert holding is not None


@pytest.mark.parametrize("small", [False, True])
def test_garbage_is_looked_for_only_where_a_model_is_large(monkeypatch, small):
    known = Known(spec_of(induction_model()))
    known.load()
    weights = sum(each.nbytes for each in known.weights._bridge.original_model.parameters())
    monkeypatch.setattr("circuit_assert.execution.known._SMALL", 4 * weights if small else 1)
    looked = []
    monkeypatch.setattr(gc, "collect", lambda: looked.append(True))
    known.unload()
    assert looked == ([] if small else [True])


def test_scores_outlive_the_weights():
    known = Known(spec_of(induction_model()))
    known.load()
    known.run([REQUEST])
    before, runs = known[REQUEST], known.runs
    known.unload()
    known.load()
    known.run([REQUEST])
    assert known[REQUEST] is before
    assert known.runs == runs


def test_without_weights_nothing_runs():
    with pytest.raises(ExecutionError, match="is not loaded"):
        Known(spec_of(induction_model())).run([REQUEST])


def tensor_bytes():
    """Bytes of all tensors that anything in this process still holds."""
    gc.collect()
    storages = {
        each.untyped_storage().data_ptr(): each.untyped_storage().nbytes()
        for each in gc.get_objects()
        if isinstance(each, torch.Tensor)
    }
    return sum(storages.values())


def test_models_that_take_turns_leave_no_tensor_behind():
    """Scores, claims and evidence live on; they are arrays and text."""
    held, session, sizes = [], Session(), []
    models = [session.model(planted) for planted in (induction_model(), lookup_model())]
    for turn in range(3):
        for model in models:
            held.append(head_attends_inductively(model["L1H0"], on=SHORT, by=turn / 10).check())
        session.close()
        sizes.append(tensor_bytes())
    assert len(set(sizes)) == 1
    session.measure(models[0], [])
    assert tensor_bytes() > sizes[0]


def test_two_models_are_never_in_memory_at_once(monkeypatch):
    """Whatever the order in which claims about them are judged."""
    alive = weakref.WeakSet()
    most = []
    made = TransformerLensBackend.__init__

    def noted(self, *args, **options):
        made(self, *args, **options)
        alive.add(self)
        gc.collect()
        most.append(len(alive))

    monkeypatch.setattr(TransformerLensBackend, "__init__", noted)
    session = Session()
    models = [session.model(planted) for planted in (induction_model(), lookup_model())]
    for turn in range(3):
        for model in models:
            head_attends_inductively(model["L1H0"], on=SHORT, by=0.1 + turn / 10).check()
    assert len(most) == 6
    assert max(most) == 1
