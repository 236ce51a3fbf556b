"""Faults in prompts, in their tokens, and in where answers are read."""

from dataclasses import replace

import numpy as np
import torch

from circuit_assert import ablation_drops_logit, head_is_induction
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.measurements import Batch, outputs
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.models.planted_models import (
    induction_model,
    lookup,
    lookup_documents,
    lookup_model,
    lookup_prompts,
)
from circuit_assert.prompts import repeated, tokenize
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

REFUTED = "planted truth: the true instance is refuted"
INCONCLUSIVE = "planted truth: the true instance is inconclusive"


def induction_head():
    return head_is_induction(Session().model(induction_model())["L1H0"]).check()


def head_that_moves_the_answer():
    head = Session().model(lookup_model())["L1H0"]
    options = {"on": lookup_prompts(), "off_task": lookup_documents()}
    return ablation_drops_logit(head, by=1.0, **options).check()


def expects_the_token_after_the_next(monkeypatch):
    right = repeated._targets

    def wrong(rows, start, blocks):
        return [pairs - [[1, 0]] for pairs in right(rows, start, blocks)]

    monkeypatch.setattr(repeated, "_targets", wrong)


def looks_one_token_off_the_induction_diagonal(monkeypatch):
    monkeypatch.setitem(repeated._OFFSETS, "induction", -2)


def repeats_the_control_too(monkeypatch):
    right = repeated._draw

    def wrong(*arguments):
        block, _ = right(*arguments)
        return block, block

    monkeypatch.setattr(repeated, "_draw", wrong)


def begins_texts_twice(monkeypatch):
    right = PlantedTokenizer.encode
    monkeypatch.setattr(PlantedTokenizer, "encode", lambda self, text: [0, *right(self, text)])


def leaves_the_beginning_out(monkeypatch):
    right = tokenize._begun
    monkeypatch.setattr(tokenize, "_begun", lambda cut, tokenizer: right(cut, tokenizer)[1:])


def pads_on_the_left_without_a_mask(monkeypatch):
    right = TransformerLensBackend.run

    def wrong(self, tokens, *, reads, edits, last_layer, **shortcuts):
        short = self.card.context - tokens.shape[1] if len(tokens) > 1 else 0

        def shown(site, read):
            if site.name == "pattern":
                return lambda a: read(a[:, :, short:, short:])
            return lambda a: read(a[:, short:])

        def edited(edit):
            return lambda a: torch.cat([a[:, :short], edit(a[:, short:])], dim=1)

        padded = torch.cat([tokens[:, :1].expand(-1, short), tokens], dim=1)
        final = right(
            self,
            padded,
            reads={site: [shown(site, read) for read in there] for site, there in reads.items()},
            edits={site: [edited(edit) for edit in there] for site, there in edits.items()},
            last_layer=last_layer,
        )
        return final[:, short:]

    monkeypatch.setattr(TransformerLensBackend, "run", wrong)
    monkeypatch.setattr(TransformerLensBackend, "can_resume", False)
    monkeypatch.setattr(TransformerLensBackend, "can_narrow", False)


def takes_the_answer_of_the_next_prompt(monkeypatch):
    right = outputs._words

    def wrong(batch, which):
        if which == "foils":
            return right(batch, which)
        return np.roll(batch.prompts.answers, 1)[batch.units]

    monkeypatch.setattr(outputs, "_words", wrong)


def takes_answers_for_foils_and_foils_for_answers(monkeypatch):
    right, other = outputs._words, {"answers": "foils", "foils": "answers"}
    monkeypatch.setattr(outputs, "_words", lambda batch, which: right(batch, other[which]))


def compares_the_answer_with_itself(monkeypatch):
    right = outputs._words
    monkeypatch.setattr(outputs, "_words", lambda batch, which: right(batch, "answers"))


def writes_prompts_whose_foil_is_the_answer(monkeypatch):
    right = lookup._prompt

    def wrong(*given):
        prompt = right(*given)
        return replace(prompt, foil=prompt.answer)

    monkeypatch.setattr(lookup, "_prompt", wrong)


def takes_the_last_token_of_the_text_for_the_answer(monkeypatch):
    def wrong(before, text, continuation, tokenizer):
        return before[-1]

    monkeypatch.setattr(tokenize, "_token_after", wrong)


def reads_the_loss_of_a_token_at_the_token_itself(monkeypatch):
    right = outputs.targets_of

    def wrong(batch, most=0):
        rows, flat = right(batch, most)
        return rows, np.add(flat, (1, 0))

    monkeypatch.setattr(outputs, "targets_of", wrong)


def reads_the_answer_at_the_first_position(monkeypatch):
    right = Batch.positions
    monkeypatch.setattr(Batch, "positions", lambda self, role: 0 * right(self, role))


SOUND = {induction_head: Verdict.SUPPORTED, head_that_moves_the_answer: Verdict.SUPPORTED}
FAULTS = {
    expects_the_token_after_the_next: (induction_head, REFUTED, "use"),
    looks_one_token_off_the_induction_diagonal: (induction_head, REFUTED, "pattern"),
    repeats_the_control_too: (induction_head, INCONCLUSIVE, "pattern"),
    begins_texts_twice: (head_that_moves_the_answer, "error", "TokenError: .* '<begin>' twice"),
    leaves_the_beginning_out: (head_that_moves_the_answer, "error", "TokenError: .* not begin"),
    pads_on_the_left_without_a_mask: (induction_head, "noise floor", "pattern"),
    takes_the_answer_of_the_next_prompt: (head_that_moves_the_answer, REFUTED, "no part"),
    takes_answers_for_foils_and_foils_for_answers: (
        head_that_moves_the_answer,
        "gate: competence",
        "does not do the task",
    ),
    compares_the_answer_with_itself: (
        head_that_moves_the_answer,
        "gate: competence",
        "does not do the task",
    ),
    writes_prompts_whose_foil_is_the_answer: (
        head_that_moves_the_answer,
        "error",
        "PromptError: .* both as answer and as foil",
    ),
    takes_the_last_token_of_the_text_for_the_answer: (
        head_that_moves_the_answer,
        "error",
        "begin with the same token",
    ),
    reads_the_loss_of_a_token_at_the_token_itself: (induction_head, REFUTED, "use"),
    reads_the_answer_at_the_first_position: (
        head_that_moves_the_answer,
        INCONCLUSIVE,
        "zero variance",
    ),
}
