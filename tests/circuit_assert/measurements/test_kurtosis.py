"""What kurtosis is without a privileged basis."""

import numpy as np
import pytest
from scipy import stats

from circuit_assert.measurements.kurtosis import mean_over_bases
from circuit_assert.measurements.low_rank import rotation


@pytest.mark.parametrize("coordinates", [8, 60])
@pytest.mark.parametrize("kind", ["one coordinate", "alike", "drawn"])
def test_its_mean_over_bases_is_that_over_random_rotations_of_any_vector(coordinates, kind):
    rng = np.random.default_rng(coordinates)
    vector = {
        "one coordinate": np.eye(coordinates)[0],
        "alike": np.ones(coordinates),
        "drawn": rng.exponential(size=coordinates),
    }[kind]
    turned = [vector @ rotation(coordinates, rng) for _ in range(4000)]
    found = stats.kurtosis(turned, axis=1, fisher=False)
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - mean_over_bases(coordinates)) < 4 * error
    assert error < 0.03
