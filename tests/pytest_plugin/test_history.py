"""`--claims-save` and `--claims-compare`: a run among other runs."""

import pytest

from circuit_assert.ledger import read
from circuit_assert.ledger.scores import load_scores

TEST = """
    def test_supported(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    def test_denied(tiny, weighs):
        assert not weighs(tiny["L0H1"], 0)
"""
VERDICTS = "VERDICTS = [Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]"
SCORES = (
    'SCORES = UnitScores((0.7, 0.8, None), (0, 1, 2), {"seed": ("a", "a", "b")}, "some", {0: "x"})'
)

EFFECT = "effect=0.79,"
MEAN = 'effect=sum(SCORES.values) / 40, clusters={"seed": 40},'


def many_scores(shift=0.0):
    """Forty units in as many clusters."""
    return (
        f"SCORES = UnitScores(tuple(0.5 + {shift} * (1 + n % 7 / 10) + n / 100 for n in range(40)),"
        ' tuple(range(40)), {"seed": tuple(f"s{n}" for n in range(40))}, "some")'
    )


@pytest.fixture
def scales(suite):
    """`scales(verdicts, scores)` makes the scripted claims say otherwise."""
    path = suite.path / "conftest.py"
    text = path.read_text()
    assert VERDICTS in text
    assert SCORES in text
    assert EFFECT in text

    def change(verdicts=VERDICTS, scores=SCORES, effect=EFFECT):
        new = text.replace(VERDICTS, verdicts).replace(SCORES, scores).replace(EFFECT, effect)
        path.write_text(new)

    return change


def test_nothing_is_worse_in_the_same_run_again(suite):
    suite.run(TEST, "--claims-save=release-1")
    result = suite.run(TEST, "--claims-compare=release-1")
    said = " ".join(result.outlines)
    assert result.ret == 0
    assert "From release-1 (" in said
    assert "not ended" not in said
    assert "Nothing is worse. 2 claims compared: 2 unchanged" in said
    assert "Not tested for drift: identical (2)." in said


def test_what_is_worse_fails_the_run_and_is_named(suite, scales):
    suite.run(TEST, "--claims-save=release-1", "-q")
    scales(verdicts="VERDICTS = [Verdict.INCONCLUSIVE] * 3")
    # the tests themselves do not fail on what is inconclusive
    result = suite.run(TEST, "--claims-compare=release-1", "--claims-fail-on=refuted")
    assert result.ret == 1
    said = "\n".join(suite.between(result, "claims compared", "claims compared:"))
    assert "Worse (2)" in said
    assert "? supported → inconclusive  L0H0 weighs 2 in tiny" in said
    assert "? refuted → inconclusive  L0H1 weighs 0 in tiny" in said
    assert read(suite.files[-1]).end.exit_status == 1


def test_without_a_name_it_is_the_run_before(suite, scales):
    suite.run(TEST)
    scales(verdicts="VERDICTS = [Verdict.REFUTED] * 3")
    result = suite.run(TEST, "--claims-compare")
    first, _ = suite.files
    said = " ".join(result.outlines)
    assert f"From {first.stem}" in said
    assert "✗ supported → refuted  L0H0 weighs 2 in tiny" in said


def test_the_first_run_has_nothing_to_be_compared_with(suite):
    result = suite.run(TEST, "--claims-compare")
    assert result.ret == 0
    assert "Not compared: this is the first run that is kept." in result.outlines


def test_a_name_that_is_not_known_is_told_before_anything_runs(suite):
    suite.run(TEST, "--claims-save=release-1")
    result = suite.run(TEST, "--claims-compare=relaese-1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = " ".join(result.errlines)
    assert "--claims-compare: 'relaese-1' is no file" in said
    assert "there are release-1" in said
    assert len(suite.files) == 1


def test_an_earlier_run_that_is_broken_is_told(suite):
    suite.run(TEST)
    (path,) = suite.files
    text = path.read_text()
    path.write_text(text.replace('{"record": "assertion"', "assertion", 1))
    result = suite.run(TEST, f"--claims-compare={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is no record of a ledger" in " ".join(result.errlines)
    result = suite.run(TEST, "--claims-compare")
    assert result.ret == 0
    assert "is no record of a ledger" in " ".join(result.outlines)


def test_a_ledger_that_could_not_be_kept_is_not_compared(suite):
    suite.run(TEST, "--claims-save=release-1")
    (suite.path / "taken").write_text("a file")
    saved = suite.path / ".claims" / "saved" / "release-1" / "release-1.jsonl"
    result = suite.run(TEST, "--claims-ledger=taken", f"--claims-compare={saved}")
    assert "Not compared: the run's ledger could not be kept." in result.outlines


@pytest.mark.parametrize("name", ["../elsewhere", "last", "a/b", ".hidden", "two words"])
def test_a_name_has_to_be_that_of_a_folder(suite, name):
    result = suite.run(TEST, f"--claims-save={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--claims-save" in " ".join(result.errlines)


def test_a_saved_run_brings_its_scores_and_replaces_the_one_before(suite, scales):
    suite.run(TEST, "--claims-save=release-1")
    scales(scores=many_scores())
    result = suite.run(TEST, "--claims-save=release-1")
    saved = suite.path / ".claims" / "saved"
    assert [each.name for each in saved.iterdir()] == ["release-1"]
    assert any(line.startswith("Saved as release-1: ") for line in result.outlines)
    ledger = saved / "release-1" / "release-1.jsonl"
    assert read(ledger).end is not None
    assert len(load_scores(ledger)) == 2 * 40
    assert sorted(each.name for each in ledger.parent.iterdir()) == [
        "release-1.jsonl",
        "release-1.scores",
    ]


def test_no_ledger_is_nothing_to_save(suite):
    result = suite.run(TEST, "--claims-save=release-1", "--claims-no-ledger")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("option", [(), ("--claims-fail-on-drift",)])
def test_drift_is_told_and_fails_the_run_on_request(suite, scales, option):
    scales(scores=many_scores(), effect=MEAN)
    suite.run(TEST, "--claims-save=release-1")
    scales(scores=many_scores(shift=-0.1), effect=MEAN)
    result = suite.run(TEST, "--claims-compare=release-1", "--claims-scores", *option)
    assert result.ret == (1 if option else 0)
    said = " ".join(" ".join(result.outlines).split())
    assert "Drifted, with the same verdict (2)" in said
    assert "weight: +0.695 → +0.566 attention; paired difference -0.129 [-0.1" in said
    assert "on 40 seeds (units), q = " in said
    assert ("2 claims drifted, which counts" in said) == bool(option)


def test_two_workers_are_compared_like_one_process(suite, scales):
    suite.run(TEST, "--claims-save=release-1")
    scales(verdicts="VERDICTS = [Verdict.SUPPORTED] * 3")
    result = suite.run(TEST, "--claims-compare=release-1", "-n", "2")
    said = " ".join(result.outlines)
    assert result.ret == 1
    assert "Worse (1)" in said
    assert "✓ refuted → supported  L0H1 weighs 0 in tiny" in said
    assert "denied in test_suite.py::test_denied" in said
