"""A forked process is like one of its own, but for what it need not import."""

import os
import signal
import subprocess
import sys

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


def started(forking, folder, module):
    with (folder / "said").open("wb") as file:
        return forking.popen(
            [sys.executable, "-m", module, "given"],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )


def test_some_run_at_the_same_time(forking, tmp_path):
    waits = "import pathlib, sys, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\n"
    (tmp_path / "waits.py").write_text(f"{waits}print(*sys.argv[1:], flush=True)\n1 / 0")
    first = started(forking, tmp_path, "waits")
    assert first.poll() is None
    (tmp_path / "go").touch()
    assert first.wait() == first.poll() == 1
    assert (tmp_path / "said").read_text().startswith("given\nTraceback")


def test_one_that_goes_on_is_killed(forking, tmp_path):
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    sleeping = started(forking, tmp_path, "sleeps")
    sleeping.kill()
    assert sleeping.wait() == -signal.SIGKILL


def test_one_that_was_asked_for_nothing_ends():
    Forking().close()
