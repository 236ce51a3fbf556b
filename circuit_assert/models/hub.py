"""Models of the Hugging Face hub: from the local cache, then, if allowed, from the network."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from circuit_assert.errors import CircuitAssertError, ModelError, ModelFetchError, UnknownModelError
from circuit_assert.models import folder, zoo

WANTED = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja"]
UNWANTED = ["*/*", "consolidated*"]  # other formats, and a second copy of the weights
CODE = ["*.py"]


def snapshot(
    name: str, revision: str | None = None, *, allow_network: bool, trust_remote_code: bool = False
) -> Path:
    """Return the folder of a hub model, downloading it only if it is not cached and we may.

    Args:
        name: As on the hub: "owner/name", or "gpt2" for the few without an owner.
        revision: A branch, tag, or commit; the main branch if None.
        allow_network: Whether it may be downloaded. `HF_HUB_OFFLINE=1` forbids it as well.
        trust_remote_code: Fetch the model's own Python files too; nothing is run here.

    Raises:
        ModelFetchError: when it is not cached and cannot be downloaded; it says how to bring it.
        UnknownModelError: when the hub has no such model or revision.
        ModelError: when its only weights are pickles.
    """
    with _explained(name, revision):
        there = cached(name, revision)
        missing = folder.problems(there) if there else ["it is not in the cache"]
        if there and not missing:
            return there
        _require_network(name, revision, missing, allow_network)
        return _downloaded(name, revision, [*WANTED, *(CODE if trust_remote_code else [])])


def cached(name: str, revision: str | None) -> Path | None:
    """Return the cached folder, whole or not: `snapshot_download` wants files that nobody needs."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, folder.CONFIG, revision=revision)
    return Path(config).parent if isinstance(config, str) else None


def at_hand(name: str, revision: str | None = None) -> bool:
    """Whether a model is in the cache, whole; nobody is asked."""
    there = cached(name, revision)
    return there is not None and not folder.problems(there)


def _downloaded(name: str, revision: str | None, patterns: list[str]) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    about = HfApi().model_info(name, revision=revision, timeout=20)
    _refuse_pickles(name, [file.rfilename for file in about.siblings or ()])
    found = Path(
        snapshot_download(
            name, revision=revision, allow_patterns=patterns, ignore_patterns=UNWANTED
        )
    )
    missing = folder.problems(found)
    if missing:
        raise ModelFetchError(
            f"{name} was downloaded to {found} but cannot be loaded: {'; '.join(missing)}. If a "
            "file is damaged, delete that folder and its blobs, and run this again."
        )
    return found


def _refuse_pickles(name: str, files: Sequence[str]) -> None:
    """Refuse before the download what could not be loaded after it."""
    top = [PurePosixPath(file) for file in files if "/" not in file]
    if any(file.suffix == ".safetensors" for file in top):
        return
    pickles = [file.name for file in top if any(map(file.match, folder.PICKLES))]
    why = (
        f"only pickled weights ({pickles[0]}), and loading a pickle can run any code"
        if pickles
        else "no *.safetensors"
    )
    raise ModelError(
        f"{name} has {why}. Look on the hub for a revision or a copy with safetensors, "
        "or convert it where you trust it (save_pretrained) and name the folder."
    )


def _require_network(
    name: str, revision: str | None, missing: Sequence[str], allow_network: bool
) -> None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise ModelFetchError(_offline(name, revision, missing, "HF_HUB_OFFLINE is set"))
    if not allow_network:
        raise ModelFetchError(_offline(name, revision, missing, "downloading is not allowed"))


def _offline(name: str, revision: str | None, missing: Sequence[str], why: str) -> str:
    from huggingface_hub import constants

    command = f"hf download {name}" + (f" --revision {revision}" if revision else "")
    return (
        f"The hub model {name} cannot be used: {'; '.join(missing)}, and {why}. Run `{command}` "
        f"where there is a network and bring its folder into {constants.HF_HUB_CACHE}, or name a "
        f"folder that holds the model.{_zoo_hint(name)}"
    )


def _zoo_hint(name: str) -> str:
    near = zoo.nearest(name)
    return f" Or use {' or '.join(near)} of the zoo, which needs no hub." if near else ""


@contextmanager
def _explained(name: str, revision: str | None) -> Generator[None]:
    """Turn what the hub's library raises into errors that say what to do."""
    try:
        yield
    except CircuitAssertError:
        raise
    except Exception as error:
        raise _translated(name, revision, error) from error


def _translated(name: str, revision: str | None, error: Exception) -> ModelError:
    from huggingface_hub import errors

    match error:
        case errors.GatedRepoError():  # before RepositoryNotFoundError, of which it is one
            return ModelFetchError(
                f"{name} is gated: accept its terms at https://huggingface.co/{name}, then run "
                f"`hf auth login`.{_zoo_hint(name)}"
            )
        case errors.RevisionNotFoundError():
            return UnknownModelError(f"{name} has no revision {revision!r} on the hub.")
        case errors.RepositoryNotFoundError() | errors.HFValidationError():
            return UnknownModelError(
                f"The hub has no model {name!r}, or it is private: check the name, or run "
                f"`hf auth login`.{_zoo_hint(name)}"
            )
        case _:
            said = f"the hub could not be reached ({type(error).__name__}: {error})"
            return ModelFetchError(_offline(name, revision, ["it is not in the cache"], said))
