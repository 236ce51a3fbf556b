"""Which claims the table lists, how wide it is, and a quiet run."""

import os
import pty
import re
import subprocess
import sys

import pytest

MANY = """
    import pytest

    CASES = [(f"L0H{i}", 2) for i in range(4)] + [(f"L1H{i}", 2) for i in range(3)] + [("L1H3", 0)]

    @pytest.mark.parametrize(("head", "weight"), CASES)
    def test_it(tiny, weighs, head, weight):
        assert weighs(tiny[head], weight)
"""


def listed(result):
    return [line for line in result.outlines if " weighs " in line and line[0] in "✓✗?"]


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ((), 8),
        (("--claims-show=7",), 1),
        (("--claims-show=none",), 0),
        (("-q",), 1),
        (("-q", "--claims-show=all"), 8),
    ],
)
def test_what_is_listed(suite, options, number):
    result = suite.run(MANY, *options)
    assert len(listed(result)) == number
    assert "7 of 8 assertions hold, 0 inconclusive" in result.stdout.str()
    assert ("not listed" in result.stdout.str()) == (number < 8 and "-q" not in options)


def test_the_configuration_file_says_it_and_the_command_line_wins(suite):
    suite.configure(claims_show="failed")
    assert len(listed(suite.run(MANY))) == 1
    assert len(listed(suite.run(MANY, "--claims-show=all"))) == 8


@pytest.mark.parametrize("value", ["some", "-1", "1.5"])
def test_a_value_that_cannot_be_names_those_that_can(suite, value):
    result = suite.run("def test_one(): pass", f"--claims-show={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--claims-show: *write all, failed, none or a number*"])


def test_a_quiet_run_has_one_line_of_totals(suite):
    result = suite.run(suite.mixed, "-q", "--tb=no")
    table = suite.between(result, "= claims =", "short test summary")
    assert "2 of 5 assertions hold, 2 inconclusive (1 open)." in table
    said = " ".join(table)
    for more in (
        "false supports",
        "Holm",
        "interval inside",
        "rehearsed",
        "claims: cpu",
        "loading",
    ):
        assert more not in said
    assert [line[0] for line in listed(result)] == ["✗", "?"]


def test_it_is_not_kept_in_the_ledger(suite):
    suite.run(MANY, "--claims-show=none", "--claims-github=never")
    assert suite.ledger.run is not None
    assert not {"show", "github"} & set(suite.ledger.run.options)


LONG = """
    from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens

    @claim("{head} attends from the second name to the first one, where there are two, {weight}")
    def attends(head, weight):
        return contrast(prefix_matching_score(head), versus=0.0, on=repeated_tokens(), by=0.1)

    def test_it(tiny):
        assert attends(tiny["L0H0"], 2)
"""


@pytest.mark.parametrize(("columns", "term"), [(160, "xterm"), (80, "dumb")])
def test_a_terminal_has_as_wide_a_table_as_there_is_room(suite, monkeypatch, columns, term):
    suite.write(LONG)
    monkeypatch.setenv("NO_COLOR", "1")
    shown = on_a_terminal(suite, columns, term)
    lines = [line.rstrip() for line in re.sub(r"\x1b7.*?\x1b8", "", shown).splitlines()]
    assert "\x1b[3" not in shown
    assert ("\x1b7" in shown) == (term == "xterm")  # the live line needs a cursor that moves
    row = next(line for line in lines if line.startswith("✓ supported"))
    assert row.endswith("holds") == (columns == 160)
    assert all(len(line) <= columns for line in lines if not line.startswith(("rootdir", "plug")))
    assert ("circuit-assert: loading tiny …" in lines) == (term == "dumb")


def on_a_terminal(suite, columns, term):
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest"],
        cwd=suite.path,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": str(columns), "TERM": term},
    )
    os.close(terminal)
    shown = b""
    while part := _read(controller):
        shown += part
    process.wait()
    os.close(controller)
    return shown.decode()


def _read(controller):
    try:
        return os.read(controller, 4096)
    except OSError:  # the other end is closed
        return b""
