"""The models that this folder's claims are about: checkpoints that `make checkpoints` trains."""

from pytest_circuit_assert import checkpoints_fixture, model_fixture

from hypotheses.induction_training.train import ONE_LAYER, TWO_LAYERS

checkpoint = model_fixture(TWO_LAYERS.folders())
checkpoints = checkpoints_fixture(TWO_LAYERS.folders())
one_layer = model_fixture(ONE_LAYER.folders()[-1])
