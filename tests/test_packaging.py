"""The wheel holds what it should, and works without the checkout."""

import subprocess
import sys
import sysconfig
import textwrap
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A virtual environment with the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    purelib = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(purelib)
    # The editable install of this environment is not carried along: only .pth files do that, and
    # those of a folder named in a .pth file are not read.
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    script = folder / "bin" / "pytest"
    python = folder / "bin" / "python"
    script.write_text(f"#!{python}\nimport sys, pytest\nsys.exit(pytest.console_main())\n")
    script.chmod(0o755)
    return folder


def test_the_wheel_holds_the_packages_and_their_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "circuit_assert/py.typed",
        "circuit_assert/prompts/data/ioi.toml",
        "circuit_assert/prompts/data/documents.toml",
        "circuit_assert/models/planted_models/rasp/induction.json",
        "circuit_assert/reporting/html/templates/report.html",
        "circuit_assert/reporting/html/templates/card.css",
        "circuit_assert/reporting/html/templates/report.js",
        "pytest_circuit_assert/__init__.py",
    ):
        assert name in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
    said = zipfile.ZipFile(wheel).read(entry_points).decode()
    assert "circuit-assert = circuit_assert.cli:main" in said
    assert not [name for name in names if name.startswith(("tests", "hypotheses", "plugins"))]


def test_the_wheel_runs_with_the_pytest_script_from_another_folder(installed, tmp_path):
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            """
            import circuit_assert, pytest_circuit_assert
            from pytest_circuit_assert import model_fixture

            gemma = model_fixture("gemma-3-270m")

            def test_where(gemma):
                for module in (circuit_assert, pytest_circuit_assert):
                    assert "environment" in module.__file__, module.__file__
                assert len(circuit_assert.ioi()) > 0
                assert repr(gemma["L5H1"]) == "L5H1 of gemma-3-270m"
            """
        )
    )
    command = [str(installed / "bin" / "pytest"), "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_editable_install_is_the_checkout():
    code = "import circuit_assert as c, pytest_circuit_assert as p; print(c.__file__, p.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    library, plugin = done.stdout.split()
    assert Path(library).parent == ROOT / "circuit_assert"
    assert Path(plugin).parent == ROOT / "plugins" / "pytest_circuit_assert"
