"""The model that this folder's claims are about."""

from pytest_circuit_assert import model_fixture

smollm2 = model_fixture("smollm2-135m-instruct")
