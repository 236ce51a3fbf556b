"""The models that this folder's claims compare, after the folders of each by itself.

The one that was run last is recorded first: it is in memory then.
"""

from pytest_circuit_assert import model_fixture

gemma = model_fixture("gemma-3-270m")
smollm2 = model_fixture("smollm2-135m-instruct")
