"""A run that was made elsewhere: relied on only when it is whole, of this commit, and passed."""

import subprocess

import pytest

from circuit_assert.ledger import EndRecord
from tests.circuit_assert.reporting.made import assertion, claim

END = EndRecord(ended="2026-11-22T01:00:00+00:00", exit_status=0)
FAILED = EndRecord(ended="2026-11-22T01:00:00+00:00", exit_status=1)


@pytest.fixture
def head(command, tmp_path):
    """The commit of a repository made in the folder."""
    identity = ["-c", "user.name=n", "-c", "user.email=e@e"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "m"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    said = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        said, cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_whole_run_of_this_commit_that_passed_is_fine(command, keep, head):
    keep("1", claim("a"), assertion("a"), END, git_commit=head, git_dirty=False)
    result = command("check")
    assert result.output == "✓ 1: 1 of 1 assertion holds, 0 inconclusive\n"
    assert result.exit_code == 0
    assert command("check", "--commit", head[:10]).exit_code == 0


@pytest.mark.parametrize(
    "case",
    [
        ((), {}, "it was killed before its end"),
        ((FAILED,), {}, "it failed, with exit status 1"),
        ((END,), {"git_dirty": True}, "it was made with changes that are not committed"),
        ((END,), {"git_commit": "1" * 40}, "it was made at commit 111111111111, not at "),
        ((END,), {"git_commit": None}, "it does not say at which commit it was made"),
    ],
)
def test_anything_else_is_not(command, keep, head, case):
    end, more, said = case
    keep("1", claim("a"), assertion("a"), *end, **{"git_commit": head, "git_dirty": False, **more})
    result = command("check")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 2
    assert said in result.output


def test_a_line_that_was_cut_off_is_a_run_that_was_killed(command, keep, head):
    path = keep("1", claim("a"), END, git_commit=head)
    path.write_text(path.read_text() + '{"record": "end", "en')
    assert "killed" in command("check", str(path)).output


def test_no_such_commit_is_a_usage_error(command, keep, head):
    keep("1", END, git_commit=head)
    result = command("check", "--commit", "nosuch")
    assert result.exit_code == 2
    assert "git knows no commit 'nosuch' here" in result.output
