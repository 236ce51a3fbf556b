"""The models that this folder's claims are about, of the model hub (`hf download …`)."""

from pytest_circuit_assert import model_fixture

pythia_160m = model_fixture("EleutherAI/pythia-160m")
pythia_1_4b = model_fixture("EleutherAI/pythia-1.4b")
