"""What is shown while a model loads: one line, and on a terminal only for as long as it takes."""

import os
import pty
import re
import subprocess
import sys

ONE = """
    def test_it(tiny, weighs):
        print("printed by the test")
        assert weighs(tiny["L0H0"], 2)
        print("printed after the load")

    def test_fails(tiny, weighs):
        print("kept by capture")
        assert weighs(tiny["L0H1"], 0)
"""


def test_elsewhere_than_on_a_terminal_loading_is_a_line(suite):
    result = suite.run(ONE)
    lines = result.outlines
    first = lines.index("circuit-assert: loading tiny …")
    assert lines[first + 1].startswith("test_suite.py ")
    assert "printed by the test" not in result.stdout.str()
    assert "printed after the load" not in result.stdout.str()
    assert "kept by capture" in lines
    assert "measuring" not in result.stdout.str()


def test_quiet_runs_say_nothing_of_it(suite):
    assert "loading" not in suite.run(ONE, "-q").stdout.str()


def test_verbose_lines_stay_whole(suite):
    lines = suite.run(ONE, "-v").outlines
    assert any(line.startswith("test_suite.py::test_it PASSED") for line in lines)


def test_it_respects_a_tests_own_capture(suite):
    suite.run(
        """
        def test_it(tiny, weighs, capsys):
            print("mine")
            assert weighs(tiny["L0H0"], 2)
            assert capsys.readouterr().out == "mine\\n"
        """
    ).assert_outcomes(passed=1)


def test_a_load_with_nothing_to_measure_leaves_capture_on(suite):
    result = suite.run(
        """
        def test_it(claims_session, tiny, weighs):
            assert weighs(tiny["L0H0"], 2)
            claims_session._progress("loading other", 0, 0)
            assert weighs(tiny["L0H1"], 2)
            print("swallowed")
        """
    )
    assert "circuit-assert: loading other …" in result.outlines
    assert "swallowed" not in result.stdout.str()


def test_a_load_that_fails_leaves_capture_on(suite):
    result = suite.run(
        """
        def test_it(claims_session):
            claims_session._progress("loading tiny", 0, 0)
            raise OSError("no such model")

        def test_after():
            print("swallowed")
        """
    )
    assert result.parseoutcomes() == {"failed": 1, "passed": 1}
    assert "swallowed" not in result.stdout.str()


def shown_on_a_terminal(suite, *options):
    suite.write(ONE)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *options],
        cwd=suite.path,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.wait()
    os.close(controller)
    return shown.decode()


def test_on_a_terminal_it_is_wiped(suite):
    text = shown_on_a_terminal(suite)
    assert "\x1b7\x1b[K loading tiny …\x1b8" in text
    assert "\x1b7\x1b[K measuring tiny: 0/24\x1b8" in text
    assert "\x1b7\x1b[K\x1b8" in text
    assert text.count("\x1b7") == text.count("\x1b8")
    left = re.sub(r"\x1b7.*?\x1b8", "", text)
    assert "loading tiny" not in left
    assert "measuring" not in left


def test_on_a_terminal_it_is_told_what_workers_are_at(suite):
    text = shown_on_a_terminal(suite, "-n", "1")
    assert "\x1b7\x1b[K gw0 loading tiny …\x1b8" in text
    left = re.sub(r"\x1b7.*?\x1b8", "", text)
    assert "loading tiny" not in left


def test_a_prefetch_says_for_how_many_claims_it_measures(pytestconfig, monkeypatch):
    from pytest_circuit_assert.progress import Progress

    progress, shown = Progress(pytestconfig), []
    monkeypatch.setattr(progress, "_silent", False)
    monkeypatch.setattr(progress, "_show", shown.append)
    with progress.ahead(3):
        progress.report("measuring tiny", 12, 24)
    progress.report("measuring tiny", 12, 24)
    assert shown == ["measuring tiny for 3 claims: 12/24", "measuring tiny: 12/24"]
