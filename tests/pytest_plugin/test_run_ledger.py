"""The ledger of a run: complete, written as things happen, and never in the way."""

import json
import signal
import subprocess

from circuit_assert.ledger import SCHEMA, read
from circuit_assert.ledger.scores import load_scores


def test_it_begins_with_the_run_and_ends_with_its_end(suite):
    suite.run(suite.mixed, "--claims-seed=4", "--claims-fail-on=refuted")
    found = suite.ledger
    assert found.run is not None
    assert found.run.schema == SCHEMA
    assert (found.run.seed, found.run.fail_on, found.run.false_pass_rate) == (4, "refuted", 0.01)
    assert (found.run.device, found.run.dtype) == ("cpu", "float32")
    wanted = {"python", "pytest", "torch", "transformer-lens", "transformers", "scipy"}
    assert wanted | {"circuit-assert"} <= set(found.run.versions)
    assert found.end is not None
    assert found.end.exit_status == 1
    (supported,) = [claim for claim in found.claims if claim.verdict == "supported"]
    assert found.end.holm[supported.claim_id] == 0.005
    assert len(found.claims) == len(found.assertions) == 5


def test_a_claim_has_its_context(suite):
    suite.run(
        """
        import pytest

        @pytest.mark.claim("early")
        def test_it(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
        """
    )
    (claim,) = suite.ledger.claims
    assert claim.nodeid == "test_suite.py::test_it"
    assert (claim.sentence, claim.words) == ("L0H0 weighs 2 in tiny", "L0H0 weighs 2")
    assert claim.tags == ("early",)
    assert claim.at.endswith("+00:00")
    assert claim.shown is not None
    assert claim.shown.region == "above +0.10"


def test_git_is_recorded_inside_a_repository(suite):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e@e", *arguments],
            cwd=suite.path,
            check=True,
            capture_output=True,
        )

    suite.write(suite.mixed)
    git("init")
    git("add", ".")
    git("commit", "-m", "m")
    suite.pytester.runpytest_inprocess("-k", "supported")
    (first,) = suite.files
    run = read(first).run
    assert run is not None
    assert run.git_dirty is False
    assert len(run.git_commit or "") == 40
    suite.write(suite.mixed + "\n    # changed\n")
    suite.pytester.runpytest_inprocess("-k", "supported")
    run = read(suite.files[-1]).run
    assert run is not None
    assert run.git_dirty is True


def test_the_folder_can_be_chosen_or_none(suite):
    suite.run(suite.mixed, "--claims-ledger=elsewhere")
    assert len(list((suite.path / "elsewhere").glob("*.jsonl"))) == 1
    result = suite.run(suite.mixed, "--claims-no-ledger")
    assert "Ledger" not in result.stdout.str()
    assert "assertions hold" in result.stdout.str()
    assert not suite.files
    suite.configure(claims_no_ledger="true")
    suite.run(suite.mixed)
    assert not suite.files
    suite.configure(claims_ledger="kept")
    suite.run(suite.mixed)
    assert len(list((suite.path / "kept").glob("*.jsonl"))) == 1


def test_each_claim_is_written_once_for_each_test(suite):
    suite.run(
        """
        def test_twice(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
            assert weighs(tiny["L0H0"], 2)

        def test_again(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
        """
    )
    assert [claim.nodeid[-5:] for claim in suite.ledger.claims] == ["twice", "again"]
    assert len(suite.ledger.assertions) == 2


def test_a_killed_run_leaves_what_was_judged(suite):
    result = suite.run_apart(
        """
        import os, signal

        def test_first(tiny, weighs):
            assert weighs(tiny["L0H0"], 2)

        def test_killed(tiny, weighs):
            assert weighs(tiny["L0H1"], 0) or True
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert result.ret == -signal.SIGKILL
    found = suite.ledger
    assert found.run is not None
    assert found.end is None
    assert [claim.words for claim in found.claims] == ["L0H0 weighs 2", "L0H1 weighs 0"]
    assert [each.held for each in found.assertions] == [True]


def test_a_ledger_that_cannot_be_made_is_told_once_and_loses_no_run(suite):
    (suite.path / "taken").write_text("a file")
    result = suite.run(suite.mixed, "--claims-ledger=taken")
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "inconclusive": 1, "open": 1}
    said = " ".join(result.outlines)
    assert said.count("The ledger lacks the last 12 records:") == 1
    assert "--claims-no-ledger" in said
    assert "2 of 5 assertions hold" in said
    assert not any(line.startswith("Ledger: ") for line in result.outlines)


def test_a_disk_that_fills_up_leaves_whole_lines_and_the_run_goes_on(suite, monkeypatch):
    from circuit_assert.ledger import LedgerFile

    append = LedgerFile.append
    seen = []

    def full(self, record):
        seen.append(record)
        if len(seen) > 3:
            raise OSError(28, "No space left on device")
        append(self, record)

    monkeypatch.setattr(LedgerFile, "append", full)
    result = suite.run(suite.mixed)
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "inconclusive": 1, "open": 1}
    said = " ".join(result.outlines)
    assert "The ledger lacks the last 10 records: [Errno 28] No space left on device." in said
    assert len(seen) == 4
    assert len(suite.ledger.claims) == 1


def test_claims_about_toy_models_are_in_it_like_others(suite, forking):
    """They need no session and no model's fixture.

    In a process of its own: training imports parts of torch that do not bear being imported twice.
    """
    suite.write(
        """
        import pytest
        from circuit_assert import ToyModels, features_are_in_superposition

        SPARSE = ToyModels(features=8, dimensions=3, steps=400, tries=1)

        def test_it():
            assert features_are_in_superposition(SPARSE, by=2)

        @pytest.mark.open_claim("three models are too few")
        def test_too_few():
            few = ToyModels(features=8, dimensions=3, steps=100, tries=1, seeds=3)
            assert features_are_in_superposition(few, by=2)
        """
    )
    forking.pytest()
    found = suite.ledger
    assert [claim.verdict for claim in found.claims] == ["supported", "inconclusive"]
    assert [each.polarity for each in found.assertions] == ["asserted", "unknown"]
    assert found.claims[0].model.startswith("relu toy models (8 features")


def test_a_model_comes_before_the_first_claim_about_it_and_once(suite):
    suite.run(suite.mixed)
    (model,) = suite.ledger.models
    assert (model.model, model.fingerprint, model.dtype, model.device) == (
        "tiny",
        "f" * 16,
        "float32",
        "cpu",
    )
    (file,) = suite.files
    kinds = [json.loads(line)["record"] for line in file.read_text().splitlines()]
    assert kinds[:3] == ["run", "model", "claim"]


def test_a_claim_says_where_it_was_judged_and_on_what(suite):
    suite.run(
        """
        def judged(claim):
            assert claim

        def test_it(tiny, weighs):
            claim = weighs(tiny["L0H0"], 2)
            judged(
                claim
            )
        """
    )
    (claim,) = suite.ledger.claims
    assert (claim.file, claim.line) == ("test_suite.py", 2)
    (finding,) = claim.findings
    assert finding.cluster_means == {"seed": {"a": 0.75}}
    assert finding.prompts == "some"
    assert [(each.unit, each.text) for each in finding.lowest] == [(0, "x"), (1, "")]
    assert [each.value for each in finding.highest] == [0.8, 0.7]


def test_options_and_arguments_are_kept(suite):
    suite.run(suite.mixed, "--claims-seed=4", "-q")
    run = suite.ledger.run
    assert run is not None
    assert run.options["seed"] == "4"
    assert {"--claims-seed=4", "-q"} <= set(run.arguments)
    assert "model" not in run.options


def test_scores_of_units_are_kept_on_request(suite):
    suite.run(suite.mixed, "--claims-scores")
    (file,) = suite.files
    scores = load_scores(file)
    assert len(scores) == 5 * 3  # claims by units
    assert set(scores["claim_id"]) == {claim.claim_id for claim in suite.ledger.claims}
    assert scores["value"].isna().sum() == 5
    assert set(scores["cluster:seed"]) == {"a", "b"}
    assert not list(file.parent.glob("**/*.part"))


def test_no_scores_are_kept_unasked(suite):
    suite.run(suite.mixed)
    (file,) = suite.files
    assert list(file.parent.iterdir()) == [file]


def test_scores_that_cannot_be_kept_are_told_and_the_ledger_goes_on(suite, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("circuit_assert.ledger.scores.write_scores", fail)
    result = suite.run(suite.mixed, "--claims-scores")
    said = " ".join(result.outlines)
    assert said.count("Scores of units are not kept: [Errno 28] No space left on device.") == 1
    assert suite.ledger.end is not None
    assert len(suite.ledger.claims) == 5
