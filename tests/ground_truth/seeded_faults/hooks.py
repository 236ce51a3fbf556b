"""Faults in where hooks act, and in what is left of them afterwards."""

from dataclasses import replace

from circuit_assert import ablation_drops_logit, head_is_induction
from circuit_assert.backends import blocks
from circuit_assert.backends.base import Resume
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.claims import probes
from circuit_assert.components import Site
from circuit_assert.execution import edits, job, rows
from circuit_assert.models.planted_models import (
    induction_model,
    lookup_documents,
    lookup_model,
    lookup_prompts,
)
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PLANTED, GROUPED = induction_model(), induction_model(grouped_queries=True)
INCONCLUSIVE = "planted truth: the true instance is inconclusive"
DECOY = "planted truth: a decoy is supported"


def induction_head():
    return head_is_induction(Session().model(PLANTED)["L1H0"]).check()


def head_that_moves_the_answer():
    head = Session().model(lookup_model())["L1H0"]
    options = {"on": lookup_prompts(), "off_task": lookup_documents()}
    return ablation_drops_logit(head, by=1.0, ablation="zero", **options).check()


def head_that_shares_its_keys_with_the_induction_head():
    return head_is_induction(Session().model(GROUPED)["L1H1"]).check()


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


def edits_all_heads_of_the_layer(monkeypatch):
    def wrong(edited, component, values, where):
        edited[:] = 0.0

    monkeypatch.setattr(edits, "_write", wrong)


def takes_positions_for_heads(monkeypatch):
    def wrong(edited, component, values, where):
        edited[:, component.head] = edits._like(values, edited)

    monkeypatch.setattr(edits, "_write", wrong)


def reads_the_next_head(monkeypatch):
    right = probes._of_head

    def wrong(subject, measurement, words):
        probe = right(subject, measurement, words)
        layer, head = probe.pick
        return replace(probe, pick=(layer, head + 1))

    monkeypatch.setattr(probes, "_of_head", wrong)


def counts_heads_as_keys_and_values_are(monkeypatch):
    read, write = probes._of_head, edits._write
    shared_by = GROUPED.card.heads // GROUPED.card.kv_heads

    def wrong_read(subject, measurement, words):
        probe = read(subject, measurement, words)
        layer, head = probe.pick
        return replace(probe, pick=(layer, head // shared_by))

    def wrong_write(edited, component, values, where):
        write(edited, replace(component, head=component.head // shared_by), values, where)

    monkeypatch.setattr(probes, "_of_head", wrong_read)
    monkeypatch.setattr(edits, "_write", wrong_write)


def edits_nothing(monkeypatch):
    monkeypatch.setattr(edits.Editor, "edit", lambda self, site, activation, batch: activation)


def forgets_to_return_the_edit(monkeypatch):
    right = TransformerLensBackend._hook

    def wrong(self, *given):
        act = right(self, *given)

        def returns_nothing(activation, hook):
            act(activation, hook)

        return returns_nothing

    monkeypatch.setattr(TransformerLensBackend, "_hook", wrong)


def leaves_its_hooks_in_the_model(monkeypatch):
    right = TransformerLensBackend._run_to

    def wrong(self, tokens, hooks, *rest):
        for name, act in hooks:
            self._bridge.add_hook(name, act)
        return right(self, tokens, [], *rest)

    monkeypatch.setattr(TransformerLensBackend, "_run_to", wrong)


def leaves_blocks_skipped(monkeypatch):
    right = blocks._passing_through

    def wrong(block, as_tuple):
        with right(block, as_tuple):
            skipping = block.__dict__["forward"]
        block.__dict__["forward"] = skipping
        return right(block, as_tuple)

    monkeypatch.setattr(blocks, "_passing_through", wrong)


def resumes_one_block_late(monkeypatch):
    right = job.Job._resume

    def wrong(self, group):
        resume = right(self, group)
        last = self._backend.card.layers - 1
        return Resume(min(resume.layer + 1, last), resume.residual) if resume else None

    monkeypatch.setattr(job.Job, "_resume", wrong)


def resumes_from_the_next_prompt(monkeypatch):
    right = job.Job._resume

    def wrong(self, group):
        resume = right(self, group)
        return Resume(resume.layer, resume.residual.roll(1, 0)) if resume else None

    monkeypatch.setattr(job.Job, "_resume", wrong)


def gives_every_row_what_is_for_the_first(monkeypatch):
    right = rows.Rows._edit

    def wrong(self, editor, site):
        act = right(self, editor, site)

        def edit(activation):
            own = self._own(site.name, act(activation))
            own.copy_(own[:1].expand_as(own).clone())
            return activation

        return edit

    monkeypatch.setattr(rows.Rows, "_edit", wrong)


def files_what_is_read_under_the_next_intervention(monkeypatch):
    right = job.read_together

    def wrong(left, weights):
        found = list(right(left, weights))
        for (each, measurement, _), (*_, scores) in zip(found, [*found[1:], found[0]], strict=True):
            yield each, measurement, scores

    monkeypatch.setattr(job, "read_together", wrong)


SOUND = {
    induction_head: Verdict.SUPPORTED,
    head_that_moves_the_answer: Verdict.SUPPORTED,
    head_that_shares_its_keys_with_the_induction_head: Verdict.INCONCLUSIVE,
}
FAULTS = {
    hooks_one_layer_late: (induction_head, "validation at load", "heads .* do not add up"),
    edits_the_next_head: (induction_head, INCONCLUSIVE, "use"),
    edits_all_heads_of_the_layer: (head_that_moves_the_answer, "guard: specific", "peers"),
    takes_positions_for_heads: (head_that_moves_the_answer, INCONCLUSIVE, "zero variance"),
    reads_the_next_head: (induction_head, INCONCLUSIVE, "copying"),
    counts_heads_as_keys_and_values_are: (
        head_that_shares_its_keys_with_the_induction_head,
        DECOY,
        "copying",
    ),
    edits_nothing: (induction_head, "engine: there is no effect to judge", "changed no activation"),
    forgets_to_return_the_edit: (induction_head, "validation at load", "changes nothing"),
    leaves_its_hooks_in_the_model: (induction_head, "validation at load", "leaks into the next"),
    leaves_blocks_skipped: (induction_head, "error", "HookError: no activation passed"),
    resumes_one_block_late: (induction_head, "error", "HookError: block 1 .* did not run"),
    resumes_from_the_next_prompt: (induction_head, "noise floor", "use"),
    gives_every_row_what_is_for_the_first: (induction_head, "noise floor", "use"),
    files_what_is_read_under_the_next_intervention: (induction_head, "noise floor", "use"),
}
