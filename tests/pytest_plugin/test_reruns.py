"""No reruns: the first verdict on a claim stands."""


def test_a_rerun_keeps_the_first_verdict(suite):
    result = suite.run(
        """
        def test_refuted(tiny, weighs):
            assert weighs(tiny["L0H0"], 0)

        def test_inconclusive(tiny, weighs):
            assert weighs(tiny["L0H1"], 1)

        def test_judged_once_each(claims_session):
            assert claims_session.judged == 2
        """,
        "--reruns=2",
    )
    assert result.parseoutcomes() == {"rerun": 4, "failed": 1, "inconclusive": 1, "passed": 1}
    found = suite.ledger
    assert [claim.verdict for claim in found.claims] == ["refuted", "inconclusive"]
    assert [each.held for each in found.assertions] == [False, False]


def test_what_a_flaky_test_asserts_first_stands(suite):
    result = suite.run(
        """
        tries = []

        def test_flaky(tiny, weighs):
            tries.append(1)
            assert not weighs(tiny["L0H0"], 2) or len(tries) > 1
        """,
        "--reruns=1",
    )
    assert result.parseoutcomes() == {"rerun": 1, "passed": 1}
    assert len(suite.ledger.claims) == len(suite.ledger.assertions) == 1
