"""A worker that dies while it starts does not end the run."""

from types import SimpleNamespace

import pytest
from pytest_circuit_assert.distribution.replacing import persevere


class Nodes:
    """Plays xdist's: so many workers die before they have answered."""

    def __init__(self, deaths):
        self.deaths, self.tried = deaths, []
        self.group = SimpleNamespace(allocate_id=self.name)

    def name(self, spec):
        spec.id = f"gw{len(self.tried)}"

    def setup_node(self, spec, _):
        self.tried.append(spec.id)
        if len(self.tried) <= len(self.deaths):
            raise self.deaths[len(self.tried) - 1]
        return spec.id


def test_another_is_started_under_a_name_of_its_own():
    nodes = Nodes([OSError("cannot send (already closed?)"), EOFError("expected 1 bytes, got 0")])
    persevere(nodes)
    assert nodes.setup_node(SimpleNamespace(id="gw0"), None) == "gw2"
    assert nodes.tried == ["gw0", "gw1", "gw2"]


def test_who_never_starts_is_an_error_in_the_end():
    nodes = Nodes([EOFError("expected 1 bytes, got 0")] * 9)
    persevere(nodes)
    with pytest.raises(EOFError, match="expected 1 bytes"):
        nodes.setup_node(SimpleNamespace(id="gw0"), None)
    assert len(nodes.tried) == 5


DIES_AS_IT_STARTS = """

import os, pathlib, signal
from xdist.workermanage import WorkerController

setup = WorkerController.setup


def dying(self):
    if self.gateway.id == "gw1":
        self.gateway._io.popen.kill()
        self.gateway._io.popen.wait()
    setup(self)


if "PYTEST_XDIST_WORKER" not in os.environ:
    WorkerController.setup = dying
"""


def test_a_run_goes_on_when_a_worker_dies_as_it_starts(suite, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # where this test has a worker itself
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text() + DIES_AS_IT_STARTS)
    result = suite.run_apart(
        """
        import os, signal

        def test_killed(tiny, weighs):
            os.kill(os.getpid(), signal.SIGKILL)
            assert weighs(tiny["L0H0"], 2)

        def test_other(tiny, weighs):
            assert weighs(tiny["L0H1"], 2)
        """,
        "-n",
        "1",
    )
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    assert {claim.worker for claim in suite.ledger.claims} == {"gw2"}
