"""Whether a test's assertion of a claim held, and which way it was: told where it can be."""

import pytest

HELD = ("supported", True, "asserted", "passed")
DENIED = ("refuted", True, "denied", "passed")


def of(body):
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    helper = "    def w(head, weight): return weighs(tiny[head], weight)\n"
    return f"def test_it(tiny, weighs):\n{helper}{lines}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('assert w("L0H0", 2)', {"L0H0": HELD}),
        ('assert not w("L0H0", 0)', {"L0H0": DENIED}),
        ('assert w("L0H0", 0)', {"L0H0": ("refuted", False, "asserted", "failed")}),
        ('assert not w("L0H0", 2)', {"L0H0": ("supported", False, "denied", "failed")}),
        ('assert w("L0H0", 0), "a reason"', {"L0H0": ("refuted", False, "asserted", "failed")}),
        ('assert w("L0H0", 1)', {"L0H0": ("inconclusive", False, "unknown", "inconclusive")}),
        (
            'assert w("L0H0", 2)\nassert not w("L0H1", 0)\nassert w("L0H2", 0)\nassert 1',
            {
                "L0H0": ("supported", True, "asserted", "failed"),
                "L0H1": ("refuted", True, "denied", "failed"),
                "L0H2": ("refuted", False, "asserted", "failed"),
            },
        ),
        (
            'assert w("L0H0", 2)\nassert 1 == 2',
            {"L0H0": ("supported", True, "asserted", "failed")},
        ),
        (
            'assert w("L0H0", 2); assert not w("L0H1", 0); assert 1 == 2',
            {
                "L0H0": ("supported", True, "asserted", "failed"),
                "L0H1": ("refuted", True, "denied", "failed"),
            },
        ),
        (
            'assert w("L0H0", 2)\nraise OSError("disk")',
            {"L0H0": ("supported", True, "asserted", "failed")},
        ),
        (
            'assert w("L0H0", 2) and w("L0H1", 0)',
            {
                "L0H0": ("supported", True, "asserted", "failed"),
                "L0H1": ("refuted", False, "asserted", "failed"),
            },
        ),
        (
            'for head in ("L0H0", "L0H1"):\n    assert not w(head, 0)\n',
            {"L0H0": DENIED, "L0H1": DENIED},
        ),
        (
            'assert all(w(f"L0H{i}", 2) for i in range(2))',
            {"L0H0": HELD, "L0H1": HELD},
        ),
        (
            'assert all(w(f"L0H{i}", 2 - 2 * i) for i in range(2))',
            {
                "L0H0": ("supported", True, "asserted", "failed"),
                "L0H1": ("refuted", False, "asserted", "failed"),
            },
        ),
        (
            'assert (\n    not\n    w(\n        "L0H0",\n        2,\n    )\n)',
            {"L0H0": ("supported", False, "denied", "failed")},
        ),
        (
            'a = w("L0H0", 0); b = w("L0H1", 2)\nassert not a\nassert b\nassert a',
            {
                "L0H0": ("refuted", False, "asserted", "failed"),
                "L0H1": ("supported", True, "asserted", "failed"),
            },
        ),
        (
            'def check(claim):\n    assert claim\ncheck(w("L0H0", 2))\ncheck(w("L0H1", 0))',
            {
                "L0H0": ("supported", True, "asserted", "failed"),
                "L0H1": ("refuted", False, "asserted", "failed"),
            },
        ),
    ],
)
@pytest.mark.parametrize("mode", ["rewrite", "plain"])
def test_what_is_asserted_is_told(assertions, body, expected, mode):
    assert assertions(of(body), f"--assert={mode}") == expected


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ('assert w("L0H0", 0) or w("L0H1", 2)', {"L0H0", "L0H1"}),
        ('assert any(w(f"L0H{i}", 2 * i) for i in range(2))', {"L0H0", "L0H1"}),
        ('if w("L0H0", 0):\n    raise OSError', {"L0H0"}),
        ('assert w("L0H0", 0).check()', {"L0H0"}),
        ('assert True if w("L0H0", 0) else True', {"L0H0"}),
    ],
)
def test_what_is_not_asserted_is_never_guessed(assertions, body, unknown):
    found = assertions(of(body))
    assert set(found) == unknown
    for _, held, polarity, outcome in found.values():
        assert (held, polarity, outcome) == (None, "unknown", "passed")


def test_one_side_of_an_or_that_fails(assertions):
    found = assertions(of('assert w("L0H0", 0) or w("L0H1", 0)'))
    assert found["L0H0"][1:3] == (None, "unknown")
    assert found["L0H1"][1:3] == (False, "asserted")


def test_unittest_assertions(assertions):
    found = assertions(
        """
        import unittest
        import pytest

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _take(self, tiny, weighs):
                self.w = lambda head, weight: weighs(tiny[head], weight)

            def test_it(self):
                self.assertTrue(self.w("L0H0", 2))
                self.assertFalse(self.w("L0H1", 2))
        """
    )
    assert found["L0H0"] == ("supported", True, "asserted", "failed")
    assert found["L0H1"] == ("supported", False, "denied", "failed")


def test_a_claim_that_a_fixture_asserts(assertions):
    found = assertions(
        """
        import pytest

        @pytest.fixture
        def ready(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
            assert weighs(tiny["L0H1"], 0)

        def test_it(ready): pass
        """
    )
    assert found["L0H0"] == ("supported", True, "asserted", "failed")
    assert found["L0H1"] == ("refuted", False, "asserted", "failed")
