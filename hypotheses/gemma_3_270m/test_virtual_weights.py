"""Do neurons of Gemma 3 270M read what neurons of the layer before write? (Elhage et al. 2021)

All pairs of neighbouring layers were looked at, by both rows. The largest cosine is 0.39, of
L4N1834 with L5N1200, where independent directions have 0.04: less than half of what the other model
of the zoo has.
"""

from circuit_assert import virtual_weight_is


def test_the_largest_virtual_weight(gemma):
    assert virtual_weight_is(gemma["L4N1834"], gemma["L5N1200"], by=0.3, via="up")


def test_it_is_not_half_of_what_there_could_be(gemma):
    assert not virtual_weight_is(gemma["L4N1834"], gemma["L5N1200"], by=0.5, via="up")


def test_neurons_of_one_number_have_nothing_to_do_with_each_other(gemma):
    assert not virtual_weight_is(gemma["L4N100"], gemma["L5N100"], by=0.1, via="up")
