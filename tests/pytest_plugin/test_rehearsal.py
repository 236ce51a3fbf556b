"""A rehearsal only prefetches: whatever a test does, its outcome and verdicts are the same."""

import re
import shutil
from collections import Counter

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
    result = suite.last = suite.run(text, "-rA", "--tb=line", "--import-mode=prepend", *options)
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
    (said,) = [line for line in suite.last.outlines if "rehearsed." in line]
    assert said == "10 of 13 tests rehearsed."
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


MANY = """
    import pytest

    @pytest.mark.parametrize("number", range(200))
    @pytest.mark.parametrize("weight", [0, 2])
    def test_many(tiny, weighs, number, weight):
        claim = weighs(tiny[f"L0H{number % 4}"], weight)
        assert claim if weight else not claim

    def test_a_loop_of_denials(tiny, weighs):
        for head in range(4):
            assert not weighs(tiny[f"L1H{head}"], 0)

    def test_mixed(tiny, weighs):
        for head, weight in [("L0H0", 2), ("L0H1", 0), ("L0H2", 2), ("L0H3", 0)]:
            assert bool(weighs(tiny[head], weight)) == (weight == 2)
"""


@pytest.fixture
def calls(monkeypatch):
    """How often each test's body was called in rehearsals."""
    from pytest_circuit_assert.rehearsal.cast import Cast

    made = Counter()
    call = Cast.call

    def counted(self, item):
        made[item.originalname] += 1
        call(self, item)

    monkeypatch.setattr(Cast, "call", counted)
    return made


def test_a_body_is_called_once_and_once_more_for_each_place_that_denies(suite, calls):
    suite.run(MANY, "--claims-list")
    assert calls == {"test_many": 200 + 2 * 200, "test_a_loop_of_denials": 2, "test_mixed": 3}


def listed(suite, text, *options):
    result = suite.last = suite.run(text, *options)
    assert result.ret == 0
    assert result.parseoutcomes() == {}
    assert not suite.files
    return [line.strip() for line in result.outlines if line.startswith("  ")]


@pytest.mark.parametrize(
    "loop", ["while weighs(tiny['L0H0'], 2): pass", "while True: weighs(tiny['L0H0'], 2)"]
)
def test_a_loop_without_end_ends_in_a_rehearsal(suite, calls, loop):
    suite.run(f"def test_it(tiny, weighs):\n    {loop}\n", "--claims-list")
    assert calls == {"test_it": 1}


LISTED = """
    import pytest

    def test_asserts(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    def test_denies(tiny, weighs):
        assert not weighs(tiny["L0H1"], 2)

    @pytest.mark.skip(reason="slow")
    def test_both(tiny, weighs):
        for head in ("L1H0", "L1H1"):
            assert not weighs(tiny[head], 0)
        assert weighs(tiny["L1H2"], 0), "what is asserted is listed, whatever it comes to"

    def test_either(tiny, weighs):
        assert weighs(tiny["L0H2"], 2) or weighs(tiny["L0H3"], 2)

    def test_looks(tiny, weighs):
        assert weighs(tiny["L1H3"], 0).check().verdict == "refuted"

    @pytest.mark.no_rehearsal
    def test_opted_out(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    def test_without_claims():
        assert False
"""


@pytest.mark.parametrize("options", [["--claims-list"], ["--claims-list", "-n", "2"]])
def test_the_list_has_each_claim_and_which_way_it_is_asserted(suite, options):
    assert [line for line in listed(suite, LISTED, *options) if "transformers" not in line] == [
        "asserted  L0H0 weighs 2  (test_suite.py::test_asserts)",
        "denied    L0H1 weighs 2  (test_suite.py::test_denies)",
        "denied    L1H0 weighs 0  (test_suite.py::test_both)",
        "denied    L1H1 weighs 0  (test_suite.py::test_both)",
        "asserted  L1H2 weighs 0  (test_suite.py::test_both)",
        "unknown   L0H2 weighs 2  (test_suite.py::test_either)",
        "unknown   L1H3 weighs 0  (test_suite.py::test_looks)",
        "test_suite.py::test_opted_out: it is marked no_rehearsal",
    ]


def test_the_plan_says_what_it_takes(suite):
    said = " ".join(listed(suite, LISTED, "--claims-plan"))
    assert (
        "plan: 7 claims on 1 prompt set; where none is refuted early, at least 1 pass and "
        "0 interventions, 24 prompts run"
    ) in said
    assert "size: weights of about 0.09 MB, activations of at most" in said
    assert "about 4.1e-05 GFLOP for each token" in said


def test_the_size_of_a_hub_model_is_not_guessed(suite):
    text = """
        from pytest_circuit_assert import model_fixture

        far = model_fixture("some/model", dtype="bfloat16")

        def test_it(far, weighs):
            assert weighs(far["L99H99"], 2)
    """
    assert "size: not known before the model is fetched" in listed(suite, text, "--claims-plan")
    assert "some/model (bfloat16, cpu)" in suite.last.outlines


@pytest.mark.parametrize("option", ["--claims-list", "--claims-plan"])
def test_listing_loads_nothing_heavy(suite, option):
    conftest = suite.path / "conftest.py"
    conftest.write_text(
        conftest.read_text()
        + "\nimport sys\n"
        + "def pytest_sessionfinish():\n"
        + "    print('loaded:', *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    lines = suite.run_apart(LISTED, option).outlines
    (loaded,) = [line.split() for line in lines if "loaded:" in line]
    assert "circuit_assert" in loaded
    assert not {"torch", "scipy", "transformers", "transformer_lens", "pandas"} & set(loaded)


REFUSED = {
    "print('x')": "print",
    "global seen; seen = 1": "it stores to a global",
    "tiny.seen = 1": "it stores to an attribute",
    "{}['x'] = 1": "it stores into a container",
    "import os": "it imports",
    "GIVEN.append(1)": "it uses GIVEN.append",
    "given = GIVEN; given += [1]": "it changes a value in place",
    "given = GIVEN; given.append(1)": "it uses .append",
    "assert given().append(1) is None": "it uses .append",
    "assert given() or not given().append('x')": "it uses .append",
    "with open('x') as file: pass": "it has a with block",
    "try: helper(tiny)\n    except OSError: pass": "it handles exceptions",
    "measured = tiny.measure([])": "it uses .measure",
    "second(tiny)": "it calls second, and it calls first",
    "first(tiny)": "it calls first, and it calls second",
    "writes()": "it calls writes, and it stores to a global",
    "[writes() for _ in range(2)]": "it calls writes",
    "(lambda: writes())()": "it calls writes",
    "OBJECT()": "it uses OBJECT",
    "bool(CLAIM)": "it uses CLAIM, a Claim",
    "ca.discover(tiny)": "it uses ca.discover",
    "ca.model('x')": "it uses ca.model",
    "class A: pass": "it makes a class",
    "missing()": "it uses missing, which is not there",
    "FILE.replace('elsewhere')": "it uses FILE.replace",
    "file = FILE; file.replace('elsewhere')": "it uses .replace",
    "FILE.unlink()": "it uses FILE.unlink",
}
HARMLESS = [
    "heads = [f'L0H{i}' for i in range(2)]",
    "heads = sorted({'a': 1}.items(), key=lambda pair: pair[1])",
    "helper(tiny)",
    "assert given() == [] and not given() or len(given()) < 2",
    "on = ca.repeated_tokens(seed=3)",
    "parts = tiny.heads(layers=[0]).each()",
    "both = tiny['L0H0', 'L0H1'], GIVEN[:1], len(GIVEN) > 1 and GIVEN[0]",
    "ranking = tiny.ranking(['L0H0', 'L0H1'])",
    "longer = [replace(p, text=p.text + '.') for p in WORDS if p.language == 'en']",
    "latents = tiny.with_dictionary(FILE / 'params.npz', at='L0.resid_post')",
]
BODY = """
from dataclasses import replace
from pathlib import Path

import circuit_assert as ca
from conftest import TINY, weighs

GIVEN = []
FILE = Path("dictionary")
WORDS = ca.ioi(per_template=1).prompts
CLAIM = weighs(ca.model(TINY)["L0H0"], 2)
OBJECT = type("Object", (), dict(__call__=lambda self: None))()

def writes():
    global seen
    seen = 1

def first(model):
    second(model)
    print(model)

def second(model):
    return first(model)

def given():
    return GIVEN

def helper(model, head="L0H0"):
    return weighs(model[head], 2)

def test_it(tiny, weighs):
    {body}
    assert weighs(tiny["L0H0"], 2)
"""


@pytest.fixture
def objections(suite, monkeypatch):
    """Why each of some bodies is not rehearsed; None for those that are."""
    from pytest_circuit_assert.rehearsal.eligibility import Eligibility

    monkeypatch.setattr("circuit_assert.session._sessions", [])
    said = {}
    look = Eligibility.objection

    def looked(self, item):
        said[item.path.name] = look(self, item)
        return said[item.path.name]

    monkeypatch.setattr(Eligibility, "objection", looked)

    def found(bodies):
        for place, body in enumerate(bodies):
            (suite.path / f"test_{place}.py").write_text(BODY.replace("{body}", body))
        suite.pytester.runpytest_inprocess("--claims-list", "--import-mode=prepend")
        return {body: said[f"test_{place}.py"] for place, body in enumerate(bodies)}

    return found


def test_what_does_more_than_claim_is_refused_with_the_reason(objections):
    said = objections(REFUSED)
    wrong = {b: said[b] for b in REFUSED if said[b] is None or REFUSED[b] not in said[b]}
    assert not wrong


def test_what_only_claims_is_not_refused(objections):
    assert objections(HARMLESS) == dict.fromkeys(HARMLESS)


EVENTS = """
import sys
import warnings

events = []
judge_all = read_out


def read_out(session, spec, claims):
    if not events:
        warnings.warn("the model is old", UserWarning)
    events.append(f"{len(claims)} in {spec.name}")
    if any(claim.arguments["weight"] == "9" for claim in claims):
        raise LookupError("no such weight")
    judge_all(session, spec, claims)


class Timeout:
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        events.append(item.name)
        return (yield)


def pytest_collection_finish(session):
    if session.config.option.tbstyle == "line":
        session.config.pluginmanager.register(Timeout())


def pytest_sessionfinish():
    print("events:", "; ".join(events))


OTHER = PlantedModel("other", SIZES, {}, dict, tuple(f" w{i}" for i in range(80)))
other = model_fixture(OTHER)
"""


@pytest.fixture
def events(suite, monkeypatch):
    """What happens in a run, in order: tests that begin, and claims that are measured together."""
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text() + EVENTS)
    monkeypatch.setattr("pytest_circuit_assert.markers.without_gpu", lambda: "needs a GPU")

    def ran(text, *options):
        result = suite.run(text, *options)
        (line,) = [line for line in result.outlines if "events: " in line]
        return line.split("events: ")[1].split("; "), result

    return ran


TWO_MODELS = """
    import pytest

    def test_first():
        pass

    def test_tiny(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    def test_other(other, weighs):
        assert weighs(other["L0H0"], 2)

    def test_tiny_again(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)
        assert weighs(tiny["L0H1"], 2)

    @pytest.mark.skip
    def test_skipped(tiny, weighs):
        assert weighs(tiny["L0H3"], 2)

    @pytest.mark.no_rehearsal
    def test_opted_out(other, weighs):
        assert weighs(other["L0H1"], 2)

    @pytest.mark.needs_gpu
    def test_on_a_gpu(tiny, weighs):
        assert weighs(tiny["L1H0"], 2)
"""


def test_claims_are_measured_together_before_their_models_first_test_and_its_timeout(events):
    happened, _ = events(TWO_MODELS, "--tb=line")
    assert happened == [
        *("test_first", "2 in tiny", "test_tiny", "1 in other", "test_other"),
        *("test_tiny_again", "test_skipped", "test_opted_out", "1 in other", "test_on_a_gpu"),
    ]


@pytest.mark.parametrize("how", ["option", "setting"])
def test_without_rehearsal_each_is_measured_when_it_is_asked_for(suite, events, how):
    options = ["--tb=line", "--claims-no-rehearsal"]
    if how == "setting":
        suite.configure(claims_no_rehearsal="true")
        options = ["--tb=line"]
    happened, result = events(TWO_MODELS, *options)
    assert happened == [
        *("test_first", "test_tiny", "1 in tiny", "test_other", "1 in other"),
        *("test_tiny_again", "1 in tiny", "test_skipped", "test_opted_out", "1 in other"),
        "test_on_a_gpu",
    ]
    assert "rehearsed" not in result.stdout.str()


@pytest.mark.parametrize("options", [["--collect-only"], ["--setup-only"], ["-k", "first"]])
def test_where_no_claim_is_judged_none_is_measured(events, options):
    happened, _ = events(TWO_MODELS, *options)
    assert happened == [""]


def test_a_claim_that_fails_fails_in_its_own_test_only(events):
    happened, result = events(
        """
        def test_good(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)

        def test_bad(tiny, weighs):
            assert weighs(tiny["L0H0"], 9)

        def test_also_good(tiny, weighs):
            assert not weighs(tiny["L0H1"], 0)
        """,
    )
    assert result.parseoutcomes().items() >= {"passed": 2, "failed": 1}.items()
    assert "LookupError: no such weight" in result.stdout.str()
    assert happened == ["3 in tiny", "1 in tiny", "1 in tiny", "1 in tiny"]


@pytest.mark.parametrize("options", [[], ["-W", "error::UserWarning"]])
def test_warnings_of_a_prefetch_are_those_of_its_test(events, options):
    text = """
        def test_it(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
    """
    rehearsed, without = (
        events(text, *options, *more)[1] for more in ([], ["--claims-no-rehearsal"])
    )
    assert rehearsed.parseoutcomes() == without.parseoutcomes()
    assert "the model is old" in rehearsed.stdout.str()


def test_a_test_may_call_any_function_of_the_standard_library(suite):
    """Some of them load an empty tuple around an attribute."""
    suite.run(
        """
        from dataclasses import make_dataclass, replace

        PLACE = make_dataclass("Place", ["head"], frozen=True)("L0H0")

        def test_replaces(tiny, weighs):
            replace(PLACE, head="L0H1")
            assert weighs(tiny["L0H1"], 2)
        """
    ).assert_outcomes(passed=1)
