"""The command that trains the dictionary of the suites, on a model and on text made here."""

import gzip
import json
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.dictionary import __main__ as command
from benchmarks.dictionary import sources
from benchmarks.dictionary.corpus import LANGUAGES_OF_MANUALS, LANGUAGES_OF_MESSAGES
from circuit_assert.dictionaries.formats import read_dictionary
from tests.circuit_assert.random_folders import write_random

WIDTH, LATENTS = 16, 64


def words(generator, count):
    return " ".join(f"w{number}" for number in generator.integers(1, 100, count))


def catalogue(messages):
    """A compiled catalogue, as gettext reads it: tables of lengths and places, then the texts."""
    pairs = [(key.encode(), text.encode()) for key, text in sorted(messages.items())]
    tables, texts = [b"", b""], b""
    start = 28 + 16 * len(pairs)
    for which in (0, 1):
        for pair in pairs:
            tables[which] += struct.pack("<2I", len(pair[which]), start + len(texts))
            texts += pair[which] + b"\0"
    places = 28, 28 + 8 * len(pairs)
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), *places, 0, 0) + b"".join(tables) + texts


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A model of ten layers, a page of the manuals per language, and a wheel of messages."""
    where = tmp_path_factory.mktemp("dictionary")
    config = LlamaConfig(
        vocab_size=101, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=10,
        num_attention_heads=2, max_position_embeddings=256, bos_token_id=100,
    )  # fmt: skip
    write_random(lambda: LlamaForCausalLM(config), where / "model")
    generator = np.random.default_rng(0)
    for language in LANGUAGES_OF_MANUALS:
        part = "" if language == "en" else language
        folder = where / "manuals/usr/share/man" / part / "man7"
        folder.mkdir(parents=True)
        page = ".TH PAGE 7\n" + words(generator, 400)
        (folder / "page.7.gz").write_bytes(gzip.compress(page.encode()))
    keys = [words(generator, 8) for _ in range(90)]
    with zipfile.ZipFile(where / "django.whl", "w") as wheel:
        for language in LANGUAGES_OF_MESSAGES:
            said = {key: words(generator, 8) for key in keys}
            place = f"django/conf/locale/{language}/LC_MESSAGES/django.mo"
            wheel.writestr(
                place, catalogue({"": "Content-Type: text/plain; charset=utf-8\n"} | said)
            )
    return where


def test_it_writes_a_dictionary_and_the_messages_kept_back(given, tmp_path, monkeypatch, capsys):
    options = ["--out", tmp_path, "--manuals", given / "manuals", "--django", given / "django.whl"]
    options += ["--model", given / "model", "--latents", LATENTS, "--epochs", 1]
    monkeypatch.setattr(sys, "argv", ["dictionary", *map(str, options)])
    command.main()
    made = read_dictionary(tmp_path).encoder
    assert made.latents == LATENTS
    kept = json.loads((tmp_path / "messages.json").read_text())
    documents = {each["clusters"]["document"] for each in kept}
    assert len(documents) == 20
    assert all(int(name.partition("/")[2]) % 3 for name in documents)
    assert len(kept) == len(documents) * 6
    assert "| recovered |" in capsys.readouterr().out


def test_fewer_latents_than_are_active_at_a_token_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dictionary", "--out", str(tmp_path), "--latents", "16"])
    with pytest.raises(SystemExit):
        command.main()
    assert (
        "--latents is 33 at least, as 32 are active at a token; got 16" in capsys.readouterr().err
    )


@pytest.fixture
def asked(monkeypatch):
    """Commands that would reach the network; what they leave behind is made here."""
    commands = []

    def run(command, *, cwd, check):
        commands.append(command[0] if command[0] != sys.executable else "pip")
        for name in command[2:] if command[:2] == ["apt-get", "download"] else ():
            (cwd / f"{name}_1_all.deb").touch()
        if "pip" in command:
            (cwd / "django-5.2.19-py3-none-any.whl").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(sources.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(sources.subprocess, "run", run)
    return commands


def test_text_is_fetched_once(asked, tmp_path):
    for _ in range(2):
        assert sources.fetch_manuals(tmp_path / "manuals") == tmp_path / "manuals/unpacked"
        assert sources.fetch_django(tmp_path / "django").suffix == ".whl"
    assert asked.count("apt-get") == 1
    assert asked.count("pip") == 1
    assert asked.count("dpkg-deb") == 2 * len(sources.MANUALS)


def test_where_there_is_no_debian_it_says_what_to_give(monkeypatch, tmp_path):
    monkeypatch.setattr(sources.shutil, "which", lambda program: None)
    with pytest.raises(SystemExit, match=r"apt-get is not here.*--manuals"):
        sources.fetch_manuals(tmp_path)


def test_a_failed_download_is_told(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(
        sources.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 100)
    )
    with pytest.raises(SystemExit, match=r"`apt-get download manpages .*failed"):
        sources.fetch_manuals(tmp_path)
