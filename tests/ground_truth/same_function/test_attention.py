"""Claims about attention on a model that computes the same with other weights."""

import pytest

from circuit_assert import (
    head_attends_to,
    head_is_attention_sink,
    head_is_duplicate_token,
    head_is_previous_token,
)
from circuit_assert.models.planted_models import attention_model, role_prompts, run_documents
from circuit_assert.models.planted_models.graded_attention import LENGTHS
from circuit_assert.prompts.repeated import RepeatedTokens

PLAIN, GROUPED = attention_model(), attention_model(grouped_queries=True)
TEXT, REPEATED, ROLES = run_documents(), RepeatedTokens(LENGTHS), role_prompts()
WATCHED = (0, 1, 3, 4, 5, 6, 8, 9)
HEADS = (3, 6, 0, 5, 11, 1, 7, 2, 10, 4, 9, 8)


def evidence_of(model, heads=WATCHED):
    claims = [
        claim
        for head in (model.head(0, number) for number in heads)
        for claim in (
            head_is_previous_token(head, on=TEXT),
            head_is_duplicate_token(head, on=REPEATED, by=0.3),
            head_attends_to(head, "owner", on=ROLES, versus="rival", by=0.3),
            head_is_attention_sink(head, on=TEXT),
        )
    ]
    return model.court.evaluate(claims)


def test_a_head_keeps_its_verdict_at_its_new_address(changes, stays):
    new = [HEADS.index(number) for number in WATCHED]
    change = changes.permute_heads(0, HEADS)
    stays(PLAIN, "permuted", change, evidence_of, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
def test_another_basis_of_values_changes_nothing(changes, stays, planted):
    """Not even what is said of their norms: what is measured is what they would write."""
    stays(planted, "mixed", changes.mix_values(0, planted.card), evidence_of)
