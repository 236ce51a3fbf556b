"""Hub models come from the cache; the network is used only when it is allowed and needed."""

import json
import socket
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants, errors
from safetensors.numpy import save_file

from circuit_assert.errors import ModelError, ModelFetchError, UnknownModelError
from circuit_assert.models.hub import at_hand, snapshot
from circuit_assert.models.spec import spec_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, and no network."""

    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def cached(cache):
    """Acme's tiny model in the cache."""
    repository = cache / "models--acme--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    return write_model(repository / "snapshots" / ("a" * 40))


@pytest.fixture
def online(monkeypatch, tmp_path):
    """A hub that holds one model with these files, or answers with an error."""
    fetched = []

    def set_up(*files, error=None):
        def model_info(self, name, *, revision, timeout):
            if error:
                raise error
            return SimpleNamespace(siblings=[SimpleNamespace(rfilename=file) for file in files])

        def download(name, **options):
            fetched.append((name, options))
            return str(write_model(tmp_path / "fetched"))

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        return fetched

    return set_up


def write_model(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    save_file({"w": np.zeros(8, np.float32)}, folder / "model.safetensors")
    return folder


def refusal(kind):
    return kind("refused", response=SimpleNamespace(headers={}, request=None, status_code=404))


@pytest.mark.parametrize("allow_network", [True, False])
def test_a_cached_model_needs_no_network(cached, allow_network):
    assert snapshot("acme/tiny", allow_network=allow_network) == cached


def test_sizes_of_a_cached_model_are_read_from_it(cached):
    sizes = {"n_layer": 3, "n_head": 2, "n_embd": 8, "vocab_size": 11}
    (cached / "config.json").write_text(json.dumps(sizes))
    card = spec_of("acme/tiny").card()
    assert (card.layers, card.heads, card.d_model) == (3, 2, 8)
    (cached.parents[2] / "models--gpt2").symlink_to(cached.parents[1])
    assert spec_of("gpt2").card() == card  # what is there counts, not what is known of the name


def test_sizes_of_a_model_that_is_not_there_are_known_for_a_few(cache):
    assert spec_of("acme/tiny").card() is None
    assert spec_of("gpt2").card().heads == 12
    assert not at_hand("gpt2")


def test_a_revision_is_looked_up_by_its_commit(cached):
    assert snapshot("acme/tiny", "a" * 40, allow_network=False) == cached
    with pytest.raises(ModelFetchError, match=r"`hf download acme/tiny --revision v2`"):
        snapshot("acme/tiny", "v2", allow_network=False)


def test_offline_says_how_to_bring_it(cache):
    with pytest.raises(ModelFetchError) as caught:
        snapshot("acme/tiny", allow_network=False)
    assert str(caught.value) == (
        "The hub model acme/tiny cannot be used: it is not in the cache, and downloading is not "
        "allowed. Run `hf download acme/tiny` where there is a network and bring its folder into "
        f"{cache}, or name a folder that holds the model."
    )


def test_the_users_offline_switch_is_obeyed(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelFetchError, match="HF_HUB_OFFLINE is set"):
        snapshot("acme/tiny", allow_network=True)


@pytest.mark.parametrize("name", ["google/gemma-3-270m", "gemma3-270m"])
def test_a_slip_of_a_zoo_name_is_answered_with_it(name):
    with pytest.raises(ModelFetchError, match="Or use gemma-3-270m of the zoo, which needs no hub"):
        snapshot(name, allow_network=False)


def test_a_cached_pickle_is_refused_with_the_reason(cached):
    (cached / "model.safetensors").rename(cached / "pytorch_model.bin")
    with pytest.raises(ModelFetchError, match=r"pickles \(pytorch_model\.bin\)"):
        snapshot("acme/tiny", allow_network=False)


def test_a_download_takes_one_format_and_no_code(online):
    fetched = online("config.json", "model.safetensors", "pytorch_model.bin")
    assert snapshot("acme/tiny", allow_network=True).name == "fetched"
    ((name, options),) = fetched
    assert name == "acme/tiny"
    assert "*.safetensors" in options["allow_patterns"]
    assert not {"*.bin", "*.py"} & set(options["allow_patterns"])


def test_trusted_code_is_fetched_too(online):
    fetched = online("model.safetensors")
    snapshot("acme/tiny", allow_network=True, trust_remote_code=True)
    assert "*.py" in fetched[0][1]["allow_patterns"]


@pytest.mark.parametrize(
    ("file", "why"),
    [("pytorch_model.bin", r"pickled weights \(pytorch"), ("onnx/model.safetensors", r"no \*\.s")],
)
def test_what_cannot_be_loaded_is_not_downloaded(online, file, why):
    fetched = online("config.json", file)
    with pytest.raises(ModelError, match=f"acme/tiny has .*{why}"):
        snapshot("acme/tiny", allow_network=True)
    assert fetched == []


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (refusal(errors.GatedRepoError), ModelFetchError, "accept its terms at https://hugging"),
        (refusal(errors.RepositoryNotFoundError), UnknownModelError, "has no model 'acme/tiny'"),
        (refusal(errors.RevisionNotFoundError), UnknownModelError, "has no revision 'v1'"),
        (ConnectionError("no route"), ModelFetchError, "not be reached .*no route.*hf download"),
    ],
    ids=["gated", "unknown", "revision", "unreachable"],
)
def test_what_the_hub_answers_becomes_something_to_do(online, error, kind, said):
    online(error=error)
    with pytest.raises(kind, match=said):
        snapshot("acme/tiny", "v1", allow_network=True)


def test_what_is_no_name_is_refused():
    with pytest.raises(UnknownModelError, match="no model 'a b c'"):
        snapshot("a b c", allow_network=True)
