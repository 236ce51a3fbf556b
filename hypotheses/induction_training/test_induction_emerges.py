"""x"""

import pytest

from circuit_assert import emerges, head_is_induction
from hypotheses.induction_training.train import MADE_BY, ONE_LAYER, TWO_LAYERS

pytestmark = pytest.mark.needs_folder(*TWO_LAYERS.folders(), *ONE_LAYER.folders(), made_by=MADE_BY)


def induction(model):
    return head_is_induction(model["L1H0"])


def test_it(checkpoints):
    assert emerges(induction, over=checkpoints, after="step64", by="step1024")


def test_each(checkpoint):
    assert not head_is_induction(checkpoint["L0H0"])
