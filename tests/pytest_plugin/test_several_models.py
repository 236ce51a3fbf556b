"""`model_fixture` of a list, and `checkpoints_fixture`: the same claims of several models."""

import pytest
from pytest_circuit_assert import checkpoints_fixture, model_fixture

from circuit_assert.errors import ModelError
from circuit_assert.models.model import Model
from circuit_assert.session import Session

SEVERAL = """

def planted(name):
    return PlantedModel(name, SIZES, {}, dict, tuple(f" w{i}" for i in range(80)))


from pytest_circuit_assert import checkpoints_fixture

each = model_fixture([planted("step1"), planted("step2"), planted("step3")])
far = model_fixture(["EleutherAI/pythia-70m@step1000", "EleutherAI/pythia-70m@step2000"])
folders = model_fixture(["./not-there/step4", "./not-there/step5"])
steps = checkpoints_fixture([planted("step1"), planted("step2"), planted("step3")])
"""


@pytest.fixture
def several(suite):
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text() + SEVERAL)
    return suite


ONE_EACH = """
    def test_it(each, weighs):
        assert weighs(each["L0H0"], 2)
"""


def test_a_list_makes_a_test_for_each_model_named_after_it(several):
    result = several.run(ONE_EACH, "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"*test_it?step{n}? PASSED*" for n in (1, 2, 3)])
    assert [claim.model for claim in several.ledger.claims] == ["step1", "step2", "step3"]
    result.stdout.fnmatch_lines(["3 of 3 tests rehearsed."])


def test_the_list_of_claims_has_each_model(several):
    result = several.run(ONE_EACH, "--claims-list")
    for name in ("step1", "step2", "step3"):
        result.stdout.fnmatch_lines(
            [f"{name} (*", f"*asserted  L0H0 weighs 2  (*test_it?{name}?)*"]
        )


def test_revisions_of_a_hub_model_are_listed_without_it(several):
    result = several.run(
        """
        def test_it(far, weighs):
            assert weighs(far["L0H0"], 2)
        """,
        "--claims-list",
    )
    result.stdout.fnmatch_lines(
        ["EleutherAI/pythia-70m@step1000 (*", "*", "*", "EleutherAI/pythia-70m@step2000 (*"]
    )


def test_it_goes_with_other_parameters(several):
    result = several.run(
        """
        import pytest

        @pytest.mark.parametrize("head", ["L0H0", "L0H1"])
        def test_it(each, weighs, head):
            assert weighs(each[head], 2)
        """
    )
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["6 of 6 tests rehearsed."])


def test_checkpoints_are_handles_in_order(several):
    result = several.run(
        """
        def test_it(steps, weighs):
            assert [step.name for step in steps] == ["step1", "step2", "step3"]
            for step in steps:
                assert weighs(step["L0H0"], 2)
        """
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 of 1 test rehearsed."])


MARKED = """
    import pytest

    @pytest.mark.needs_folder("not-there/step4", "not-there/step5", made_by="make them")
    def test_it(folders, weighs):
        assert weighs(folders["L0H0"], 2)
"""


def test_a_folder_that_a_command_makes_is_not_run_before_it(several):
    result = several.run(MARKED)
    result.assert_outcomes(skipped=2)
    assert [each.reason for each in several.ledger.not_run] == [
        "needs `make them` first: there is no model in not-there/step4 and 1 more"
    ] * 2


def test_its_claims_are_listed_all_the_same(several):
    result = several.run(MARKED, "--claims-list")
    result.stdout.fnmatch_lines(["step4 (*", "*asserted  L0H0 weighs 2*", "", "step5 (*"])


def test_without_the_marker_the_missing_folder_is_an_error_of_its_test_alone(several):
    text = MARKED.replace('@pytest.mark.needs_folder("not-there/step4", ', "# ")
    result = several.run(
        text
        + """
    def test_another(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)
"""
    )
    result.assert_outcomes(errors=2, passed=1)
    result.stdout.fnmatch_lines(["*There is no folder not-there/step4.*"])


def test_a_marker_without_a_command_is_an_error(several):
    result = several.run(MARKED.replace(', made_by="make them"', ""))
    result.stderr.fnmatch_lines(["*needs_folder names folders and the command that makes them*"])


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([], "one at least"),
        (["gemma-3-270m", "gemma-3-270m"], "gemma-3-270m is in the list twice"),
        (["/a/step1", "/b/step1"], "step1 is in the list twice"),
        (["EleutherAI/pythia-70m@"], "names no revision"),
        (["gemma-3-270m@main"], "gemma-3-270m has no revisions"),
    ],
)
@pytest.mark.parametrize("fixture", [model_fixture, checkpoints_fixture])
def test_a_list_that_cannot_be_is_refused_before_any_test(fixture, models, said):
    with pytest.raises(ModelError, match=said):
        fixture(models)


def test_one_model_is_no_list_of_checkpoints():
    with pytest.raises(ModelError, match="give several"):
        checkpoints_fixture("gemma-3-270m")


def test_a_revision_after_the_name_is_the_same_as_one_given():
    session = Session()
    said = session.model("EleutherAI/pythia-70m@step1000")
    assert said == session.model("EleutherAI/pythia-70m", revision="step1000")
    assert isinstance(said, Model)
    assert (said.spec.location, said.spec.revision) == ("EleutherAI/pythia-70m", "step1000")


@pytest.mark.parametrize(
    ("model", "revision", "said"),
    [
        ("EleutherAI/pythia-70m@step1", "step2", "gives one again"),
        ("gemma-3-270m", "main", "has no revisions"),
        ("@step1", None, "names no revision"),
    ],
)
def test_a_revision_that_cannot_be_is_refused(model, revision, said):
    with pytest.raises(ModelError, match=said):
        Session().model(model, revision=revision)


def test_a_revision_of_the_hub_that_is_not_at_hand_is_not_run(several):
    several.run(
        """
        import pytest

        @pytest.mark.needs_hub("some-one/some-model@step7")
        def test_it(each, weighs):
            assert weighs(each["L0H0"], 2)
        """
    )
    assert "`hf download some-one/some-model --revision step7`" in several.ledger.not_run[0].reason


EMERGES = """
    from circuit_assert import emerges

    def test_it(steps, weighs):
        weighing = lambda model: weighs(model["L0H0"], {0})
        assert emerges(weighing, over=steps, after="step1", by="step3")
"""
DENIED = EMERGES.replace("assert emerges", "assert not emerges")
BY_STEP = """

def read_by_step(session, spec, claims):
    events.append(spec.name)
    read_out(session, spec, claims)
    for claim in claims:
        key = spec, claim.key
        verdict = VERDICTS[int(claim.arguments["weight"][int(spec.name[-1]) - 1])]
        session._evidence[key] = dataclasses.replace(session._evidence[key], verdict=verdict)


events = []


def pytest_configure():
    import dataclasses

    globals()["dataclasses"] = dataclasses
    Session._evaluate_one_model = read_by_step
    Session._strictly = lambda session, claim, alpha: session._evidence[
        claim.model.spec, claim.key
    ].verdict


def pytest_sessionfinish():
    print("events:", *events)
"""


@pytest.fixture
def by_step(several):
    """The weight is a text of verdicts, one for each step, by their places in `VERDICTS`."""
    conftest = several.path / "conftest.py"
    text = conftest.read_text().replace('int(claim.arguments["weight"])', "0", 1)
    conftest.write_text(text + BY_STEP)
    return several


@pytest.mark.parametrize(
    ("text", "weights", "outcome"),
    [
        (EMERGES, "022", {"passed": 1}),
        (EMERGES, "012", {"passed": 1}),
        (EMERGES, "222", {"failed": 1}),
        (EMERGES, "122", {"inconclusive": 1}),
        (DENIED, "222", {"passed": 1}),
        (DENIED, "022", {"failed": 1}),
        (DENIED, "121", {"inconclusive": 1}),
    ],
)
def test_a_claim_about_several_models_is_asserted_and_denied_like_any(
    by_step, text, weights, outcome
):
    result = by_step.run(text.replace("{0}", f'"{weights}"'))
    (said,) = result.parseoutcomes().items()
    assert {said[0]: said[1]} == outcome
    held = {each.claim_id: each.held for each in by_step.ledger.assertions}
    kinds = {each.claim_id: (each.claim_type, each.model) for each in by_step.ledger.claims}
    assert sorted(kinds.values()) == [
        ("emerges", "step1 to step3"),
        ("weighs", "step1"),
        ("weighs", "step3"),
    ]
    for claim_id, (kind, _) in kinds.items():
        assert held[claim_id] is (None if kind == "weighs" else "passed" in outcome)


def test_each_model_is_prefetched_once(by_step):
    more = """
    def test_more(each, weighs):
        assert not weighs(each["L0H1"], "022") if each.name == "step1" else True
    """
    result = by_step.run(EMERGES.replace("{0}", '"022"') + more)
    (happened,) = [line for line in result.outlines if "events: " in line]
    assert happened.split("events: ")[1] == "step1 step3"


def test_the_list_says_of_each_model_what_is_said_of_it(several):
    result = several.run(EMERGES.replace("{0}", "2"), "--claims-list")
    assert [line for line in result.outlines if "L0H0" in line or "(float32" in line] == [
        "step1 (float32, cpu)",
        "  denied    L0H0 weighs 2  (test_suite.py::test_it)",
        "step3 (float32, cpu)",
        "  asserted  L0H0 weighs 2  (test_suite.py::test_it)",
        "  asserted  L0H0 weighs 2: not so up to step1, and so from step3 on  "
        "(test_suite.py::test_it)",
    ]
    result = several.run(DENIED.replace("{0}", "2"), "--claims-list")
    result.stdout.fnmatch_lines(["*unknown   L0H0 weighs 2  (*", "step1 to step3", "*denied *"])


def test_a_lock_has_the_whole_and_its_parts(by_step):
    text = EMERGES.replace("{0}", '"022"')
    by_step.run(text, "--claims-write-lock=claims.lock").stdout.fnmatch_lines(["3 claims locked*"])
    by_step.run(text, "--claims-lock=claims.lock", "--claims-locked").assert_outcomes(passed=1)
    changed = text.replace('"step3"', '"step2"')
    result = by_step.run(changed, "--claims-lock=claims.lock", "--claims-locked")
    result.assert_outcomes(failed=1)


def test_looking_for_it_is_not_rehearsed(several):
    result = several.run(
        """
        from circuit_assert import find_emergence

        def test_it(steps, weighs):
            assert find_emergence(lambda model: weighs(model["L0H0"], 2), over=steps)
        """,
        "--claims-list",
    )
    result.stdout.fnmatch_lines(["claims not known before the test runs", "*test_it: it*"])
