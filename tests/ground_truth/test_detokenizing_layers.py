"""Layers that put split words together, and layers that do not, or too late, or by one half."""

import pytest

from circuit_assert import detokenization_peaks_early
from circuit_assert.errors import ClaimError, TokenError
from circuit_assert.models.planted_models import cutting_documents, cutting_model
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

DOCUMENTS = cutting_documents()


def peaks_early(model, *, on=DOCUMENTS, share=0.5, by=0.2, **given):
    return detokenization_peaks_early(model, on=on, share=share, by=by, **given)


def failed(evidence):
    """The controls that are not supported."""
    return {f.name for f in evidence.findings if f.verdict is not Verdict.SUPPORTED}


def test_an_early_layer_that_puts_words_together_is_where_it_peaks(model_of):
    evidence = peaks_early(model_of(cutting_model())).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason
    assert any("layer 1" in note for finding in evidence.findings for note in finding.notes)


def test_it_is_denied_where_the_layer_is_not_among_the_first(model_of):
    assert not peaks_early(model_of(cutting_model()), share=0.25)


def test_it_is_denied_where_only_a_late_layer_does_it(model_of):
    assert not peaks_early(model_of(cutting_model(early=0.0, late=0.9)))


def test_a_late_layer_that_does_it_for_more_words_is_where_it_peaks(model_of):
    evidence = peaks_early(model_of(cutting_model(early=0.1, late=0.9)), by=0.0).check()
    assert evidence.verdict is Verdict.REFUTED
    assert "peak" in evidence.reason


def test_it_is_denied_where_no_layer_does_it(model_of):
    evidence = peaks_early(model_of(cutting_model(early=0.0))).check()
    assert evidence.verdict is Verdict.REFUTED
    assert "put together" in evidence.reason


@pytest.mark.parametrize(
    ("reads", "control"),
    [
        ("last", {"not with another beginning", "not with end alone"}),
        ("first", {"not with another end"}),
    ],
)
def test_a_half_that_tells_the_word_by_itself_puts_nothing_together(model_of, reads, control):
    model, on = model_of(cutting_model(reads=reads)), cutting_documents(reads=reads)
    evidence = peaks_early(model, on=on).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert failed(evidence) == control


def test_nothing_is_said_where_the_stream_does_not_tell_words(model_of):
    evidence = peaks_early(model_of(cutting_model(whole=False))).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "does not say which word" in evidence.reason


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(cutting_model().with_random_weights(seed))
    assert peaks_early(model, by=0.0).check().verdict is not Verdict.SUPPORTED


def test_wrong_use_is_refused_before_a_model_loads():
    model = Session().model(cutting_model())
    for share in (0.0, 1.0):
        with pytest.raises(ClaimError, match="part of the layers"):
            peaks_early(model, share=share)
    with pytest.raises(ClaimError, match="above one half"):
        peaks_early(model, by=0.5)
    with pytest.raises(ClaimError, match=r"the first 0\.2 of the 4 layers"):
        peaks_early(model, share=0.2)
    with pytest.raises(ClaimError, match="at least 40"):
        peaks_early(model, words=39)


def test_documents_with_too_few_words_are_refused(model_of):
    with pytest.raises(TokenError, match=r"96 words of one token.*97 are asked for"):
        peaks_early(model_of(cutting_model()), words=97).check()
