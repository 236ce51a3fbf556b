"""One model in memory at a time, and nothing that was measured is lost with it."""

import gc
import warnings
import weakref

import pytest

from circuit_assert import head_attends_inductively, repeated_tokens
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


def test_something_that_holds_the_model_is_warned_of():
    known = Known(spec_of(induction_model()))
    known.load()
    holding = known.weights
    with pytest.warns(UserWarning, match="still in memory"):
        known.unload()
    assert holding is not None


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
