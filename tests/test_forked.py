"""A forked process is like one of its own, but for what it need not import."""

import signal

from tests.forked import Forking


def test_what_fails_there_is_told(forking):
    done = forking.python("raise ValueError('on purpose')")
    assert done.returncode == 1
    assert "ValueError: on purpose" in done.stderr
    assert forking.python("import sys; sys.exit(3)").returncode == 3
    assert forking.python("import os; os.kill(os.getpid(), 9)").returncode == -signal.SIGKILL


def test_what_does_not_end_is_ended(forking):
    done = forking.python("import time; time.sleep(60)", timeout=1)
    assert done.returncode == -signal.SIGALRM


def test_nothing_of_ours_is_there_nor_what_another_did(forking, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAID", "here")
    look = "import os, sys; print(os.getcwd(), os.environ['SAID'], *sys.argv[1:], *sys.modules)"
    forking.python("import sys; sys.modules['left_behind'] = sys")
    folder, said, argument, *modules = forking.python(look, "given").stdout.split()
    assert (folder, said, argument) == (str(tmp_path), "here", "given")
    assert "transformer_lens" in modules
    assert not [name for name in modules if "circuit_assert" in name or name == "left_behind"]


def test_one_that_was_asked_for_nothing_ends():
    Forking().close()
