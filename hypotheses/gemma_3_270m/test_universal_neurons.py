"""Whether SmolLM2 135M has neurons of Gemma 3 270M, too (after Gurnee et al. 2024, 2401.12181).

The two have other data, sizes and tokenizers; in the paper models differ by seed alone. The bound
is the paper's, 0.5. Of SmolLM2 the first four layers are searched. Both were set before anything
was looked at.

What was looked at: on the discovery half, the best r of eleven neurons, most of which other files
of this folder name, without rotations. The four of words, with 0.97 to 0.72, were claimed to be
universal, L17N578 with 0.34 not to be. On the test half the four have r from 0.97 to 0.68, that for
forms of "be" with SmolLM2's own for them, L0N1297. But rotations of SmolLM2's first layers, where
some neurons are much larger than others, have 0.40 to 0.68: three of the four are denied here for
that, after the claim was refuted. L1N1459, of " United States", was inconclusive as a denial and is
left out: few documents have the words.
"""

import pytest

from circuit_assert import neuron_is_universal, plain_text, recorded_activity

ON = plain_text()


@pytest.fixture(scope="module")
def across(smollm2):
    return [recorded_activity(smollm2, on=ON, layers=range(4))]


@pytest.mark.parametrize("neuron", ["L1N1575", "L17N1181", "L1N1555", "L17N578"])
def test_is_not_universal(gemma, across, neuron):
    assert not neuron_is_universal(gemma[neuron], across, on=ON)


@pytest.mark.open_claim("r = 0.92, of rotations 0.46: the excess is 0.36 to 0.54")
def test_is_universal(gemma, across):
    assert neuron_is_universal(gemma["L1N1827"], across, on=ON)
