"""The page on several machines: its commands run, with stand-ins for what is not here."""

import getpass
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from circuit_assert.ledger import read

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clusters.md").read_text()
SCRIPTS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
(SUBMITIT,) = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
SRUN = """#!/bin/sh
[ "$1 $2" = "-n1 --gpus=1" ] || exit 64
shift 2
echo started >> srun.log
exec "$@"
"""
SBATCH = """#!/bin/bash
case "$1" in
  --parsable)
    IFS=- read first last <<< "$(sed -n 's/^#SBATCH --array=//p' "$2")"
    export SLURM_ARRAY_JOB_ID=17
    for task in $(seq "$first" "$last"); do SLURM_ARRAY_TASK_ID=$task bash "$2" >&2 & done
    wait
    echo 17 ;;
  --dependency=afterany:17) [ "$2" = --wrap ] && sh -c "$3" ;;
  *) exit 64 ;;
esac
"""
SUITE = """
    import pytest

    @pytest.mark.parametrize("head", range(3))
    def test_of_tiny(tiny, weighs, head):
        assert weighs(tiny[f"L0H{head}"], 2)

    def test_of_nothing(): pass
"""


def script(part):
    """The shell script of the page that has a part."""
    (found,) = [each for each in SCRIPTS if part in each]
    return found


@pytest.fixture
def here(suite, monkeypatch, tmp_path_factory):
    """A project with claims in `hypotheses`; `here(text)` runs a script of the shell in it."""
    tests = suite.path / "hypotheses"
    tests.mkdir()
    suite.write(SUITE)
    (suite.path / "test_suite.py").rename(tests / "test_suite.py")
    commands = tmp_path_factory.mktemp("commands")
    for name, text in {"srun": SRUN, "sbatch": SBATCH}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    (commands / "python").symlink_to(sys.executable)
    for name, module in {"pytest": "pytest", "circuit-assert": "circuit_assert"}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(each for each in sys.path if each))

    def run(text):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=suite.path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.path, run.commands = suite.path, commands
    run.scratch = tmp_path_factory.mktemp("scratch")
    return run


def claims(path):
    return sorted(claim.words for claim in read(path).claims)


EVERY = [f"L0H{head} weighs 2" for head in range(3)]


def test_two_shards_and_their_merge(here):
    here(script("--claims-shard=1/2"))
    assert claims(here.path / "whole.jsonl") == EVERY


def test_an_array_of_slurm(here):
    (here.path / "claims.sbatch").write_text(script("#SBATCH"))
    said = here(script("--parsable"))
    assert "4 ledgers merged into whole.jsonl: 3 verdicts." in said
    whole = read(here.path / "whole.jsonl")
    assert whole.run.options["shard"] == "1,2,3,4/4"
    assert claims(whole.path) == EVERY


@pytest.mark.skipif(not importlib.util.find_spec("submitit"), reason="submitit is not installed")
def test_jobs_of_submitit(here):
    (here.commands / "srun").unlink()  # without which it runs jobs here
    (here.path / "shards.py").write_text(SUBMITIT)
    assert "4 ledgers merged" in here("python shards.py")
    assert claims(here.path / "whole.jsonl") == EVERY


def test_workers_that_srun_starts(here):
    here(script("python=srun"))
    assert (here.path / "srun.log").read_text().split() == ["started"] * 2
    (path,) = (here.path / ".claims/runs").iterdir()
    assert claims(path) == EVERY
    assert {claim.worker for claim in read(path).claims} <= {"gw0", "gw1"}


def elsewhere(here, worker):
    """Run the page's command for ssh with another kind of worker; what is there afterwards."""
    far = here.scratch / "claims"
    left = far / here.path.name / ".claims" / "cache"
    left.mkdir(parents=True)
    here(
        script("ssh=node1")
        .replace("ssh=node1//python=/opt/claims/bin/python", worker)
        .replace("/scratch", str(here.scratch))
    )
    (path,) = (here.path / ".claims/runs").iterdir()
    assert claims(path) == EVERY
    assert (far / here.path.name / "hypotheses" / "test_suite.py").is_file()
    assert not left.exists()
    assert not list(far.rglob("*.jsonl"))


def test_a_folder_that_stands_for_another_machine(here):
    elsewhere(here, f"popen//python={sys.executable}")


SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
FOLDER = Path("/run/sshd")  # which root's sshd wants


@pytest.fixture
def ssh(tmp_path):
    """A configuration of ssh with a host node1: this machine, behind keys made for this test."""
    for key in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / key)], check=True
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nPidFile none\n"
        f"AuthorizedKeysFile {tmp_path}/user.pub\nPasswordAuthentication no\nUsePAM no\n"
        "StrictModes no\n"
    )
    (tmp_path / "ssh_config").write_text(
        f"Host node1\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {tmp_path}/user\n  IdentitiesOnly yes\n  LogLevel ERROR\n"
        f"  UserKnownHostsFile {tmp_path}/known\n  StrictHostKeyChecking accept-new\n"
    )
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(tmp_path / "sshd_config")])
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield tmp_path / "ssh_config"
    server.terminate()
    server.wait(timeout=10)


@pytest.mark.skipif(not SSHD or not shutil.which("ssh-keygen"), reason="sshd is not installed")
@pytest.mark.skipif(getpass.getuser() == "root" and not FOLDER.is_dir(), reason=f"no {FOLDER}")
def test_a_machine_that_ssh_reaches(here, ssh):
    python = f"env PYTHONPATH={os.environ['PYTHONPATH']} PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"
    elsewhere(here, f"ssh=node1//ssh_config={ssh}//python={python} {sys.executable}")
