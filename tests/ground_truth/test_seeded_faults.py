"""Faults put into the engine on purpose: each must cost the true instance its verdict."""

from contextlib import suppress
from dataclasses import replace

import pytest

from circuit_assert import head_is_induction
from circuit_assert.backends.base import Resume
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.claims import probes
from circuit_assert.components import Head, Site
from circuit_assert.errors import HookError
from circuit_assert.execution import edits, job
from circuit_assert.models.planted_models import induction_model
from circuit_assert.prompts import repeated
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PLANTED = induction_model()


def judged():
    """Fresh evidence: nothing is remembered from before the fault."""
    return head_is_induction(Session().model(PLANTED)["L1H0"]).check()


def hooks_one_layer_late(monkeypatch):
    right = TransformerLensBackend._hook_name

    def wrong(self, site):
        late = Site((site.layer + 1) % self.card.layers, site.name)
        return right(self, late if site.name == "z" else site)

    monkeypatch.setattr(TransformerLensBackend, "_hook_name", wrong)


def edits_the_next_head(monkeypatch):
    right = edits._write

    def wrong(edited, component, values, where):
        other = (component.head + 1) % PLANTED.card.heads
        right(edited, replace(component, head=other), values, where)

    monkeypatch.setattr(edits, "_write", wrong)


def reads_the_next_head(monkeypatch):
    right = probes._of_head

    def wrong(subject, measurement, words):
        probe = right(subject, measurement, words)
        layer, head = probe.pick
        return replace(probe, pick=(layer, head + 1))

    monkeypatch.setattr(probes, "_of_head", wrong)


def edits_nothing(monkeypatch):
    monkeypatch.setattr(edits.Editor, "edit", lambda self, site, activation, batch: activation)


def expects_the_token_after_the_next(monkeypatch):
    right = repeated._targets

    def wrong(rows, start, blocks):
        return [pairs - [[1, 0]] for pairs in right(rows, start, blocks)]

    monkeypatch.setattr(repeated, "_targets", wrong)


def looks_one_token_off(monkeypatch):
    monkeypatch.setitem(repeated._OFFSETS, "induction", -2)


def repeats_the_control_too(monkeypatch):
    right = repeated._draw

    def wrong(generator, ordinary, beginning, length):
        clean, _ = right(generator, ordinary, beginning, length)
        return clean, clean

    monkeypatch.setattr(repeated, "_draw", wrong)


def resumes_one_block_late(monkeypatch):
    right = job.Job._resume

    def wrong(self, group):
        resume = right(self, group)
        last = self._backend.card.layers - 1
        return Resume(min(resume.layer + 1, last), resume.residual) if resume else None

    monkeypatch.setattr(job.Job, "_resume", wrong)


def test_without_a_fault_the_claim_is_supported():
    assert judged().verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "fault",
    [
        hooks_one_layer_late,
        edits_the_next_head,
        reads_the_next_head,
        edits_nothing,
        expects_the_token_after_the_next,
        looks_one_token_off,
        repeats_the_control_too,
        resumes_one_block_late,
    ],
    ids=lambda fault: fault.__name__,
)
def test_a_fault_is_noticed(monkeypatch, fault):
    fault(monkeypatch)
    with suppress(HookError):  # where a skipped block should have been edited
        assert judged().verdict is not Verdict.SUPPORTED


def test_an_edit_that_does_nothing_is_a_failure_not_a_small_effect(monkeypatch):
    edits_nothing(monkeypatch)

    evidence = judged()

    use = next(found for found in evidence.findings if found.name == "use")
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert use.effect is None
    assert "changed no activation" in use.reason
    assert str(Head(1, 0)) in use.reason
