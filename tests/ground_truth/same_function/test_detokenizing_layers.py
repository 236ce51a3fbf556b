"""Where split words are put together in models that compute the same with other weights."""

import pytest

from circuit_assert import detokenization_peaks_early
from circuit_assert.models.planted_models import cutting_documents, cutting_model

PLANTED, DOCUMENTS = cutting_model(), cutting_documents()


def evidence_of(model):
    claims = [
        detokenization_peaks_early(model, on=DOCUMENTS, share=share, by=0.2)
        for share in (0.5, 0.25)
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["heads permuted", "values mixed", "neurons permuted"])
def test_the_peak_is_where_it_was_in_other_weights(changes, stays, change):
    by = {
        "heads permuted": changes.permute_heads(0, (1, 0)),
        "values mixed": changes.mix_values(0, PLANTED.card),
        "neurons permuted": changes.permute_neurons(1, changes.shuffled(PLANTED.card.d_mlp)),
    }
    stays(PLANTED, f"cutting-{change}", by[change], evidence_of)
