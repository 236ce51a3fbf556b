"""Words of planted documents are drawn as numpy's `choice` draws them: documents stay the same."""

import numpy as np
import pytest

from circuit_assert.models.planted_models import explained_documents, feature_documents
from circuit_assert.models.planted_models.documents import any_of, bounds_of, place_within


@pytest.mark.parametrize("seed", range(5))
def test_words_are_those_of_choice(seed):
    ours, numpys = np.random.default_rng(seed), np.random.default_rng(seed)
    words = range(3, 40)
    drawn = [any_of(words, ours) for _ in range(200)]
    assert drawn == [int(numpys.choice(list(words))) for _ in range(200)]
    assert len(set(drawn)) > 20
    assert ours.random() == numpys.random()


@pytest.mark.parametrize("seed", range(5))
def test_places_are_those_of_choice_by_shares(seed):
    ours, numpys = np.random.default_rng(seed), np.random.default_rng(seed)
    shares = ours.dirichlet(np.full(5, 2.0))
    assert (shares == numpys.dirichlet(np.full(5, 2.0))).all()
    bounds = bounds_of(shares)
    drawn = [place_within(bounds, ours) for _ in range(500)]
    assert drawn == numpys.choice(5, size=500, p=shares).tolist()
    assert set(drawn) == set(range(5))


def test_documents_are_those_that_claims_were_judged_on():
    assert explained_documents().fingerprint == "14d6bfb97d5de6e8"
    assert feature_documents().fingerprint == "4e4ff2b5d2805d0a"
