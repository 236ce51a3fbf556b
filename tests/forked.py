"""Processes that begin with the large libraries imported: forked from one that does nothing else.

Importing transformer-lens takes longer than most of what is then tried. Nothing of this project is
imported beforehand, so that what runs there has to import it as a user's process does.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_ALREADY_IMPORTED = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")


class Forking:
    """A process that forks; it starts when something is first asked for."""

    def __init__(self):
        self._server = None

    def python(self, code, *arguments, timeout=120):
        """Run code as `python -c` does, here and with this process's environment.

        Returns:
            The completed process, its output as text.
        """
        with TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            asked = {
                "code": code,
                "argv": ["-c", *arguments],
                "folder": str(Path.cwd()),
                "environment": dict(os.environ),
                "outputs": [str(out), str(err)],
                "timeout": timeout,
            }
            status = self._ask(asked)
            said = (path.read_text(errors="replace") for path in (out, err))
            return subprocess.CompletedProcess(arguments, status, *said)

    def pytest(self, *arguments, timeout=120):
        """Run pytest here: what `pytester.runpytest_subprocess` does, and returns."""
        began = time.monotonic()
        done = self.python(
            "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))",
            *_ALREADY_IMPORTED,
            *map(str, arguments),
            timeout=timeout,
        )
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        lines = done.stdout.splitlines(), done.stderr.splitlines()
        return pytest.RunResult(done.returncode, *lines, time.monotonic() - began)

    def popen(self, command, *, cwd, stdout, stderr, env):
        """Start `python -m module …` as `subprocess.Popen` does, and do not wait for it.

        Args:
            command: The interpreter is not looked at.
            cwd: The folder.
            stdout: A file, to the end of which it writes.
            stderr: `subprocess.STDOUT`.
            env: The environment.

        Returns:
            What has a `pid`, `poll`, `wait` and `kill`.
        """
        _, option, module, *arguments = command
        if option != "-m" or stderr is not subprocess.STDOUT:
            raise NotImplementedError(f"{command} is not started in this way")
        pid = self._ask(
            {
                "code": f"import runpy; runpy.run_module({module!r}, run_name='__main__')",
                "argv": [module, *arguments],
                "folder": str(cwd),
                "environment": dict(env),
                "outputs": [stdout.name, stdout.name],
                "timeout": 600,
            },
            wait=False,
        )
        return _Started(self, pid)

    def close(self):
        """End the process."""
        if self._server is not None:
            self._server.communicate()

    def _ask(self, asked, *, wait=True):
        """Its exit status; or its number, without waiting for its end."""
        return self._tell({"start": asked, "wait": wait})

    def _ended(self, pid, *, wait=False):
        """The exit status of one that was not waited for; None while it goes on."""
        return self._tell({"ended": pid, "wait": wait})

    def _tell(self, line):
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self._server.stdin.write(json.dumps(line) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


class _Started:
    """A forked process that goes on."""

    def __init__(self, forking, pid):
        self.pid = pid
        self._forking = forking
        self._status = None

    def poll(self):
        if self._status is None:
            self._status = self._forking._ended(self.pid)
        return self._status

    def wait(self):
        if self._status is None:
            self._status = self._forking._ended(self.pid, wait=True)
        return self._status

    def kill(self):
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def serve():
    """Fork for each line that asks for it, and say how the child ended."""
    gc.disable()
    import scipy.stats  # noqa: F401
    import statsmodels.stats.power  # noqa: F401
    import transformer_lens.model_bridge.sources.native.model  # noqa: F401

    gc.enable()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        child = asked["ended"] if "ended" in asked else os.fork()
        if child == 0:
            _be(**asked["start"])
        said = child if "start" in asked and not asked["wait"] else _end_of(child, asked["wait"])
        print(json.dumps(said), flush=True)


def _end_of(child, wait):
    ended, status = os.waitpid(child, 0 if wait else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _be(*, code, argv, folder, environment, outputs, timeout):
    """Become the process that is asked for; this never returns."""
    signal.alarm(timeout)
    for number, path in enumerate(["/dev/null", *outputs]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = ["", *filter(None, paths)]
    sys.argv = argv
    importlib.reload(sys.modules["huggingface_hub.constants"])  # which reads the environment
    status = 1
    try:
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


if __name__ == "__main__":
    serve()
