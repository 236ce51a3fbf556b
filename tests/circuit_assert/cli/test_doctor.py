"""The doctor: what is broken makes it exit with 1, what is only missing does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from circuit_assert.cli.checkup.caches import caches_checked, unwritable
from circuit_assert.cli.checkup.devices import devices_checked, multiplies
from circuit_assert.cli.checkup.versions import versions_checked


def states(checks):
    return {check.said.split(" ")[0].rstrip(":"): check for check in checks}


def test_versions_are_held_against_what_is_required():
    found = states(
        versions_checked(
            [
                "numpy>=2.0",
                "scipy<1.0",
                "no-such-package>=3",
                "nobody-has-this==1.0; extra == 'gguf'",
                "nor-this; extra == 'dev'",
                "other-platform; sys_platform == 'nowhere'",
            ],
            ">=3.99",
        )
    )
    assert {name: check.state for name, check in found.items()} == {
        "python": "broken",
        "numpy": "fine",
        "scipy": "broken",
        "no-such-package": "broken",
        "nobody-has-this": "note",
    }
    assert "is not <1.0: pip install 'scipy<1.0'" in found["scipy"].said
    assert "cannot be converted; pip install 'circuit-assert[gguf]'" in (
        found["nobody-has-this"].said
    )


def test_this_environment_has_what_is_required():
    assert not [check for check in versions_checked() if check.state == "broken"]


def test_devices_multiply_matrices_in_each_dtype():
    found = states(devices_checked())
    assert found["cpu,"].state == "fine"
    assert "float32, bfloat16, float16" in found["cpu,"].said
    assert "RuntimeError" in multiplies("cuda:99", "float32") or multiplies("cuda:99", "float32")
    assert "AttributeError" in multiplies("cpu", "float3")


def test_a_device_without_float32_is_broken_and_one_without_float16_is_not(monkeypatch):
    from circuit_assert.cli.checkup import devices

    monkeypatch.setattr(devices, "multiplies", lambda device, dtype: "x" * (dtype == "float16"))
    assert next(devices.devices_checked()).state == "note"
    monkeypatch.setattr(devices, "multiplies", lambda device, dtype: "x" * (dtype == "float32"))
    assert next(devices.devices_checked()).state == "broken"


def test_folders_say_where_how_large_and_whether_they_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path / "models"))
    runs = tmp_path / ".claims" / "runs"
    runs.mkdir(parents=True)
    (runs / "one.jsonl").write_bytes(b"x" * 1_500_000)
    (tmp_path / ".claims" / "cache").write_text("a file where a folder should be")
    found = states(caches_checked(tmp_path))
    assert f"{runs}, 1.5 MB, " in found["ledgers"].said
    assert f"{tmp_path / 'models'}, not there yet" in found["models"].said
    assert (found["ledgers"].state, found["models"].state) == ("fine", "fine")
    assert found["scores"].state == "broken"
    assert "--claims-cache=DIR" in found["scores"].said
    assert not (tmp_path / "models").exists()
    assert [path.name for path in runs.iterdir()] == ["one.jsonl"]


@pytest.mark.skipif(os.name != "posix", reason="needs /proc")
def test_a_folder_that_cannot_be_written_says_why():
    assert unwritable(Path("/proc/self"))


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**6}))
    assert {check.state for check in caches_checked(tmp_path)} == {"note"}


def test_tests_that_would_not_run_are_named_with_the_reason(tmp_path):
    (tmp_path / "test_a.py").write_text(
        """
import pytest

@pytest.mark.needs_hub("no/such-model")
@pytest.mark.parametrize("x", [1, 2])
def test_hub(x): pass

@pytest.mark.skip(reason="not today")
def test_skip(): pass

@pytest.mark.skipif(False, reason="never")
def test_runs(): pass

@pytest.mark.skipif(True, reason="no package")
def test_package(): pass
"""
    )
    (tmp_path / "test_b.py").write_text("import pytest\npytest.importorskip('nosuchmodule')\n")
    (tmp_path / "test_c.py").write_text("import nosuchmodule\n")
    code = (
        "from circuit_assert.cli.checkup.suites import suites_checked\n"
        "for check in suites_checked([]): print(check.state, check.said)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("broken test_c.py cannot be collected: E   ModuleNotFoundError")
    assert lines[1] == "fine 5 tests collected, 0 of them about claims"
    assert lines[2].startswith("note test_b.py: it would not run: Skipped: could not import")
    assert lines[3].startswith("note test_a.py: 2 tests would not run: needs no/such-model of the")
    assert lines[4:] == [
        "note test_a.py: 1 test would not run: not today",
        "note test_a.py: 1 test would not run: no package",
    ]


def test_it_goes_through_everything(command, tmp_path, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path))
    result = command("doctor", "--no-tests")
    titles = [line for line in result.output.splitlines() if line and line[0] != " "]
    assert titles == ["Versions", "Devices", "Folders", "Models", "Nothing is broken."]
    assert result.exit_code == 0
    assert "– gemma-3-270m: not converted; it will be kept in" in result.output


@pytest.mark.parametrize(("state", "status"), [("fine", 0), ("note", 0), ("broken", 1)])
def test_the_exit_status_is_that_of_what_is_broken(command, monkeypatch, state, status):
    from circuit_assert.cli import doctor
    from circuit_assert.cli.checkup import Check

    monkeypatch.setattr(doctor, "_parts", lambda paths, no_tests: [("All", [Check(state, "x")])])
    result = command("doctor", "--no-tests")
    assert result.exit_code == status
    assert ("1 thing is broken." in result.output) == (status == 1)
