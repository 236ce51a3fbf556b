"""A rehearsal only prefetches: whatever a test does, its outcome and verdicts are the same."""

import re
import shutil

import pytest

SUITES = {
    "mixed": None,
    "side effects": """
        seen = []

        def test_stores(tiny, weighs):
            seen.append("stores")
            assert weighs(tiny["L0H0"], 2)

        def test_counts(tiny, weighs):
            assert seen == ["stores"]
            assert not weighs(tiny["L0H1"], 0)

        def test_after(tiny, weighs):
            assert weighs(tiny["L0H2"], 0)
    """,
    "exceptions": """
        import pytest

        def test_raises(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
            raise OSError("disk")

        def test_raises_first(tiny, weighs):
            1 / 0
            assert weighs(tiny["L0H1"], 2)

        def test_component(tiny, weighs):
            assert weighs(tiny["L9H9"], 2)

        def test_skips(tiny, weighs):
            assert weighs(tiny["L0H2"], 2)
            pytest.skip("enough")

        @pytest.mark.skip(reason="not today")
        def test_skipped(tiny, weighs):
            assert weighs(tiny["L0H3"], 2)

        @pytest.mark.xfail(reason="known")
        def test_xfail(tiny, weighs):
            assert weighs(tiny["L1H0"], 0)

        def test_wrong_use(tiny, weighs):
            assert weighs(tiny["L1H1"], 2) == True
    """,
    "control flow": """
        def test_if(tiny, weighs):
            if weighs(tiny["L0H0"], 0):
                assert weighs(tiny["L0H1"], 2)
            else:
                assert weighs(tiny["L0H2"], 0)

        def test_or(tiny, weighs):
            assert weighs(tiny["L0H0"], 0) or weighs(tiny["L0H3"], 2)

        def test_any(tiny, weighs):
            assert any(weighs(tiny[f"L1H{i}"], 2 * (i == 2)) for i in range(4))

        def test_while(tiny, weighs):
            head = 0
            while weighs(tiny["L1H0"], 0):
                head = head + 1

        def test_verdict(tiny, weighs):
            assert weighs(tiny["L1H1"], 0).check().verdict == "refuted"

        def test_evidence(tiny, weighs):
            assert weighs(tiny["L1H1"], 2).check().headline.effect > 0.7
    """,
    "parametrised": """
        import pytest
        from conftest import weighs as kind

        HEADS = {"L0H0": 2, "L0H1": 0, "L0H2": 1}

        @pytest.mark.parametrize("head", HEADS)
        def test_asserted(tiny, weighs, head):
            assert weighs(tiny[head], HEADS[head])

        @pytest.mark.parametrize(("head", "weight"), [("L1H0", 0), ("L1H1", 2)])
        def test_denied(tiny, weighs, head, weight):
            assert not weighs(tiny[head], weight)

        @pytest.mark.parametrize("claim_type", [kind, len])
        def test_odd(tiny, claim_type):
            assert claim_type(tiny["L1H2"], 2)
    """,
    "classes": """
        import pytest

        class TestPlain:
            def test_it(self, tiny, weighs):
                assert weighs(tiny["L0H0"], 2)

            @pytest.mark.parametrize("weight", [0, 1, 2])
            def test_weights(self, tiny, weighs, weight):
                assert not weighs(tiny["L0H1"], weight)

        class TestWithState:
            heads = ["L1H0"]

            def setup_method(self):
                self.heads.append("L1H1")

            def test_self(self, tiny, weighs):
                assert len(self.heads) == 2
                assert all(weighs(tiny[head], 2) for head in self.heads)

            def test_again(self, tiny, weighs):
                assert len(self.heads) == 3
                assert weighs(tiny["L1H2"], 0)
    """,
    "fixtures": """
        import pytest

        opened = []

        @pytest.fixture
        def head(tiny):
            return tiny["L0H0"]

        @pytest.fixture
        def claims(tiny, weighs):
            return [weighs(tiny[f"L1H{i}"], i % 3) for i in range(4)]

        @pytest.fixture
        def resource(tiny):
            opened.append(1)
            yield tiny["L0H1"]
            opened.pop()

        def test_pure(head, weighs):
            assert weighs(head, 2)

        def test_claims(claims):
            assert not claims[0]
            assert claims[2]
            assert claims[3]

        def test_resource(resource, weighs):
            assert len(opened) == 1
            assert weighs(resource, 0)
    """,
}


def told(suite, text, *options):
    """Everything that a run says of tests and claims, but for when and how long."""
    shutil.rmtree(suite.path / ".claims", ignore_errors=True)
    result = suite.run(text, "-rA", "--tb=line", "--import-mode=prepend", *options)
    found = suite.ledger
    told_of = re.compile("(PASSED|FAILED|ERROR|SKIPPED|XFAIL) ")
    return (
        result.ret,
        result.parseoutcomes(),
        sorted(line for line in result.outlines if told_of.match(line)),
        sorted((c.nodeid, c.claim_id, c.verdict, c.reason, c.notes) for c in found.claims),
        sorted(
            (a.nodeid, a.claim_id, str(a.held), a.polarity, a.outcome) for a in found.assertions
        ),
    )


@pytest.mark.parametrize(
    ("which", "options"),
    [
        *((which, []) for which in SUITES),
        ("mixed", ["-x"]),
        ("exceptions", ["-x"]),
        ("side effects", ["--maxfail=1", "-p", "no:randomly"]),
    ],
)
def test_it_changes_no_outcome_and_no_verdict(suite, which, options):
    text = SUITES[which] or suite.mixed
    rehearsed = told(suite, text, *options)
    assert rehearsed == told(suite, text, *options, "--claims-no-rehearsal")
    assert rehearsed[3]


def test_it_changes_nothing_for_workers(suite):
    text = "\n".join(SUITES[which] for which in ("exceptions", "control flow"))
    ret, outcomes, _, claims, assertions = told(suite, text, "-n", "2")
    alone = told(suite, text, "--claims-no-rehearsal")
    assert (ret, outcomes, claims, assertions) == (alone[0], alone[1], *alone[3:])


def test_it_changes_nothing_for_those_that_failed_last(suite):
    told(suite, suite.mixed)
    rehearsed = told(suite, suite.mixed, "--lf")
    shutil.rmtree(suite.path / ".pytest_cache")
    told(suite, suite.mixed, "--claims-no-rehearsal")
    assert rehearsed == told(suite, suite.mixed, "--lf", "--claims-no-rehearsal")
    assert rehearsed[1] == {"failed": 1, "inconclusive": 1}


def test_a_whitelist_that_lets_everything_through_is_noticed(suite, monkeypatch):
    from pytest_circuit_assert.rehearsal.eligibility import Eligibility

    monkeypatch.setattr(Eligibility, "objection", lambda *_: None)
    text = SUITES["side effects"]
    assert told(suite, text) != told(suite, text, "--claims-no-rehearsal")


ONCE = """
    from pathlib import Path

    def test_writes(tiny, weighs):
        with Path("calls").open("a") as file:
            file.write("called ")
        assert weighs(tiny["L0H0"], 2)

    def test_pure(tiny, weighs):
        assert weighs(tiny["L0H1"], 2)
"""


def test_a_body_with_side_effects_runs_once(suite):
    result = suite.run(ONCE, "-v")
    assert (suite.path / "calls").read_text() == "called "
    assert "1 of 2 tests rehearsed." in result.outlines
    assert "Not rehearsed: test_suite.py::test_writes: it uses .open." in result.outlines
