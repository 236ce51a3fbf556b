"""`--claims-lock`: thresholds that were written down before anything was measured."""

import json
import os
import subprocess
import sys
import time

import pytest

from circuit_assert.lock import read_lock

TEST = """
    import pytest

    def test_supported(tiny, weighs):
        assert weighs(tiny["L0H0"], 2)

    @pytest.mark.parametrize("head", ["L0H1", "L0H2"])
    def test_denied(tiny, weighs, head):
        assert not weighs(tiny[head], 0)
"""
BY = "by=0.1"


@pytest.fixture
def lock(suite):
    """Write the lock of a test file; give what it holds."""

    def write(text=TEST, *options):
        result = suite.run(text, "--claims-write-lock=claims.lock", *options)
        assert result.ret == 0
        return read_lock(suite.path / "claims.lock")

    return write


def test_every_claim_is_written_and_nothing_is_measured(suite, lock):
    found = lock()
    assert [(e.test, e.polarity, e.declared.sentence) for e in found.entries] == [
        ("test_suite.py::test_denied[L0H1]", "denied", "L0H1 weighs 0 in tiny"),
        ("test_suite.py::test_denied[L0H2]", "denied", "L0H2 weighs 0 in tiny"),
        ("test_suite.py::test_supported", "asserted", "L0H0 weighs 2 in tiny"),
    ]
    claim = found.entries[-1].declared
    assert claim.arguments == {"head": "['L0H0']", "weight": "2"}
    assert claim.false_pass_rate == 0.01
    (criterion,) = claim.criteria
    assert criterion.region == "above +0.10"
    assert criterion.prompts[0].startswith("repeated")
    assert "#" in criterion.prompts[0]
    assert not suite.files


def test_the_file_is_the_same_for_the_same_claims(suite, lock):
    lock()
    path = suite.path / "claims.lock"
    first = path.read_bytes()
    backwards = TEST.replace('["L0H1", "L0H2"]', '["L0H2", "L0H1"]')
    result = suite.run(backwards, f"--claims-write-lock={path}")
    assert path.read_bytes() == first
    assert "3 claims locked in claims.lock: as before." in result.outlines


def test_a_run_as_locked_says_so(suite, lock):
    lock()
    result = suite.run(TEST, "--claims-lock=claims.lock", "--claims-locked")
    assert result.ret == 0
    assert "Lock: 3 of 3 locked claims judged (claims.lock)." in result.outlines
    assert len(suite.ledger.run.options["lock_hash"]) == 16
    assert "newer" not in result.stdout.str()
    assert "warning" not in result.stdout.str()


def test_another_threshold_warns_or_fails(suite, lock):
    """The claim says the same words; only what counts is another number."""
    lock()
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace(BY, "by=0.05"))
    result = suite.run(TEST, "--claims-lock=claims.lock")
    assert result.ret == 0
    said = " ".join(" ".join(result.outlines).split())
    assert "ClaimLockWarning: not as claims.lock says: L0H0 weighs 2 in tiny: the threshold" in said
    assert "is above +0.05, and locked as above +0.10" in said
    result = suite.run(TEST, "--claims-locked")
    assert result.ret == 1
    assert result.parseoutcomes() == {"failed": 3}


def test_another_argument_is_named(suite, lock):
    lock()
    result = suite.run(TEST.replace("2)", "1)"), "--claims-locked", "--claims-fail-on=refuted")
    assert result.parseoutcomes() == {"failed": 1, "passed": 2}
    assert "weight is 1, and locked as 2" in result.stdout.str()


def test_another_rate_is_named(suite, lock):
    lock()
    result = suite.run(TEST, "--claims-locked", "--claims-false-pass-rate=0.05")
    assert result.ret == 1
    assert "α is 0.05, and locked as 0.01" in result.stdout.str()


def test_a_denial_that_was_an_assertion_is_named(suite, lock):
    lock(TEST.replace('assert weighs(tiny["L0H0"], 2)', 'assert weighs(tiny["L0H0"], 0)'))
    flipped = TEST.replace('assert weighs(tiny["L0H0"], 2)', 'assert not weighs(tiny["L0H0"], 0)')
    result = suite.run(flipped, "--claims-locked")
    assert result.ret == 1
    assert "it is denied, and locked as asserted" in result.stdout.str()


def test_a_claim_that_is_not_in_it_names_the_nearest(suite, lock):
    lock()
    more = (
        TEST
        + """
    def test_more(tiny, weighs):
        assert weighs(tiny["L1H0"], 2)
    """
    )
    result = suite.run(more, "--claims-locked", "-q")
    assert result.parseoutcomes() == {"failed": 1, "passed": 3}
    said = " ".join(" ".join(result.outlines).split())
    assert (
        'L1H0 weighs 2 in tiny: it is not in the lock; the nearest there is "L0H0 weighs 2' in said
    )


def test_a_test_that_moved_is_as_it_was_locked(suite, lock):
    lock()
    result = suite.run(TEST.replace("test_supported", "test_elsewhere"), "--claims-locked")
    assert result.ret == 0


NOT_REHEARSED = """
    import os

    def test_it(tiny, weighs):
        assert weighs(tiny["L0H0"], int(os.environ.get("WEIGHT", "2")))
"""


def test_a_test_that_is_not_rehearsed_is_checked_when_it_is_judged(suite, lock):
    found = lock(NOT_REHEARSED)
    assert not found.entries
    assert list(found.unknown) == ["test_suite.py::test_it"]
    result = suite.run(NOT_REHEARSED, "--claims-lock=claims.lock")
    assert result.ret == 0
    assert "not known before the test runs" in " ".join(" ".join(result.outlines).split())
    assert suite.run(NOT_REHEARSED, "--claims-locked").ret == 1


def test_an_open_claim_is_not_excused(suite, lock):
    text = """
        import pytest

        @pytest.mark.open_claim("the scales are coarse")
        def test_open(tiny, weighs):
            assert weighs(tiny["L1H0"], 1)
    """
    lock(text)
    assert suite.run(text, "--claims-locked").parseoutcomes() == {"open": 1}
    changed = text.replace("L1H0", "L1H1")
    assert suite.run(changed, "--claims-locked").parseoutcomes() == {"failed": 1}


def test_workers_check_too(suite, lock):
    lock()
    result = suite.run(TEST.replace("2)", "1)"), "--claims-lock=claims.lock", "-n", "2")
    assert "weight is 1, and locked as 2" in " ".join(" ".join(result.outlines).split())


def test_a_lock_that_is_newer_than_its_results_is_told(suite, lock):
    suite.run(TEST)
    time.sleep(0.02)
    lock()
    result = suite.run(TEST, "--claims-lock=claims.lock")
    said = " ".join(" ".join(result.outlines).split())
    assert "claims.lock is newer than the first results of 3 claims: L0H1 weighs 0 in tiny" in said


def test_a_result_with_another_threshold_counts_as_one(suite, lock):
    suite.run(TEST.replace('"L0H0"], 2', '"L0H0"], 1'), "-k", "supported")
    time.sleep(0.02)
    lock()
    result = suite.run(TEST, "--claims-lock=claims.lock")
    said = " ".join(" ".join(result.outlines).split())
    assert "newer than the first result of 1 claim: L0H0 weighs 2 in tiny" in said
    assert "first inconclusive" in said
    assert "declared otherwise" in said


def git(path, *arguments, date="2026-01-01T00:00:00+00:00"):
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@e", *arguments],
        cwd=path,
        check=True,
        capture_output=True,
        env={**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date},
    )


def test_in_a_repository_an_entry_counts_from_its_own_commit(suite, lock):
    lock()
    path = suite.path / "claims.lock"
    git(suite.path, "init")
    git(suite.path, "add", path.name)
    git(suite.path, "commit", "-m", "thresholds")
    suite.run(TEST)
    os.utime(path)  # a checkout writes the file anew
    more = (
        TEST
        + """
    def test_more(tiny, weighs):
        assert weighs(tiny["L1H0"], 2)
    """
    )
    suite.run(more)
    lock(more)
    result = suite.run(more, "--claims-lock=claims.lock")
    said = " ".join(" ".join(result.outlines).split())
    assert "1 of them is not committed as locked." in said
    assert "newer than the first result of 1 claim: L1H0 weighs 2 in tiny" in said
    git(suite.path, "commit", "-am", "one more", date="2099-01-01T00:00:00+00:00")
    result = suite.run(more, "--claims-lock=claims.lock")
    said = " ".join(" ".join(result.outlines).split())
    assert "committed as locked" not in said
    assert "newer than the first result of 1 claim: L1H0 weighs 2 in tiny (locked 2099-01" in said


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 9, "claims": []}'])
def test_what_is_no_lock_is_told_before_anything_runs(suite, text):
    (suite.path / "claims.lock").write_text(text)
    result = suite.run(TEST, "--claims-lock=claims.lock")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "circuit-assert lock" in " ".join(result.errlines)


def test_a_lock_that_is_not_there_is_told(suite):
    result = suite.run(TEST, "--claims-locked")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "circuit-assert lock -o claims.lock" in " ".join(result.errlines)
    suite.configure(claims_lock="kept.lock")
    assert suite.run(TEST).ret == pytest.ExitCode.USAGE_ERROR
    assert suite.run(TEST, "--claims-write-lock=kept.lock").ret == 0
    assert suite.run(TEST).ret == 0


def test_the_command_writes_the_same_file(suite, lock):
    suite.write(TEST)
    code = "from circuit_assert.cli.lock import command; command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "-o", "other.lock", "test_suite.py", "-q"],
        cwd=suite.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    lock()
    assert (suite.path / "other.lock").read_text() == (suite.path / "claims.lock").read_text()
    assert json.loads((suite.path / "other.lock").read_text())["format"] == 1
