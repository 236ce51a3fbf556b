"""The model that this folder's claims are about, and one that it is compared with."""

from pytest_circuit_assert import model_fixture

gemma = model_fixture("gemma-3-270m")
smollm2 = model_fixture("smollm2-135m-instruct")
