"""The model that this folder's claims are about, of the model hub (`hf download gpt2`)."""

from pytest_circuit_assert import model_fixture

gpt2 = model_fixture("gpt2")
