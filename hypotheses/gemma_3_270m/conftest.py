"""The model that this folder's claims are about."""

from pytest_circuit_assert import model_fixture

gemma = model_fixture("gemma-3-270m")
