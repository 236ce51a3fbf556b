"""Under xdist the controller writes, whatever the workers judge."""

from xml.etree import ElementTree

MIXED = {"passed": 2, "failed": 1, "inconclusive": 1, "open": 1}


def test_two_workers_make_one_ledger_one_table_and_one_junit_file(suite):
    result = suite.run(suite.mixed, "-n", "2", "--junit-xml=out.xml", "--tb=short")
    assert result.parseoutcomes() == MIXED
    assert result.ret == 1
    found = suite.ledger
    assert len(found.claims) == len(found.assertions) == 5
    assert {claim.worker for claim in found.claims} <= {"gw0", "gw1"}
    assert found.end is not None
    held = {each.nodeid.split("test_")[-1]: each.held for each in found.assertions}
    assert held == {
        "supported": True,
        "denied": True,
        "refuted": False,
        "inconclusive": False,
        "open": False,
    }
    said = " ".join(result.outlines)
    assert "claims: cpu, float32, α = 0.01, seed 0" in said
    assert "2 of 5 assertions hold, 2 inconclusive (1 open)." in said
    assert said.count("- claim evidence -") == 2
    assert "loading tiny" not in said
    made = ElementTree.parse(suite.path / "out.xml").getroot()[0]  # noqa: S314 - our own
    assert (made.attrib["tests"], len(made.findall("testcase"))) == ("5", 5)
    assert len(list(made.iter("property"))) == 5


def test_a_worker_that_is_killed_loses_no_claim_that_was_judged(suite):
    result = suite.run(
        """
        import os, signal

        def test_killed(tiny, weighs):
            assert weighs(tiny["L0H1"], 2)
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        "-n",
        "1",
        "--max-worker-restart=0",
    )
    assert result.ret == 1
    assert [claim.words for claim in suite.ledger.claims] == ["L0H1 weighs 2"]
    assert not suite.ledger.assertions
    assert suite.ledger.end is not None


def test_it_works_without_xdist(suite):
    assert suite.run(suite.mixed, "-p", "no:xdist").parseoutcomes() == MIXED
