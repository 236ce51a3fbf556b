"""From a path or an object to a dictionary at a model's site, its sizes checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard
from weakref import WeakValueDictionary

import numpy as np

from circuit_assert.components import Site, Vector, parse_site
from circuit_assert.dictionaries.dictionary import Dictionary
from circuit_assert.dictionaries.encoders import Encoder, Foreign, Matrices
from circuit_assert.dictionaries.formats import Read, read_dictionary
from circuit_assert.dictionaries.tensors import tensors_of
from circuit_assert.errors import ComponentError

_in_use: WeakValueDictionary[str, Encoder] = WeakValueDictionary()
_SITES = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_read", "mlp_out")


def attached(
    dictionary: object, at: str | None, writes: str | None, d_model: int | None
) -> Dictionary:
    """A dictionary where it is to be read.

    Args:
        dictionary: A path, a `Dictionary`, an encoder, or an object with `encode` and `decode`.
        at: The site that it reads; None for what its file says.
        writes: The site that it writes to; None for what its file says, or the one it reads.
        d_model: The model's width; None where it is not known yet.

    Raises:
        ComponentError: when it cannot be read, says of no site, or does not fit the width.
    """
    read = _read(dictionary)
    reads = parse_site(at) if at else read.reads
    if reads is None:
        raise ComponentError(f'{read.name} does not say what it reads: give at="L9.resid_post".')
    if at and read.reads not in (None, reads):
        raise ComponentError(f"{read.name} was made for {read.reads}, not for {reads}.")
    target = parse_site(writes) if writes else read.writes or reads
    for site in (reads, target):
        if site.name not in _SITES:
            raise ComponentError(
                f"{site} is not one vector of the residual stream's width for each token. Nearest "
                f"valid: L{site.layer}.resid_post; sites of dictionaries are {', '.join(_SITES)}."
            )
    encoder = read.encoder
    widths = {"reads": encoder.d_in, "writes": encoder.d_out}
    for what, width in widths.items():
        if d_model is not None and width != d_model:
            raise ComponentError(
                f"{read.name} {what} vectors of {width} numbers; the model's residual stream has "
                f"{d_model}: it was made for another model."
            )
    return Dictionary(read.name, encoder, reads, target)


def vector_from(file: Path, site: Site, key: str, origin: float, d_model: int | None) -> Vector:
    """A direction from a file of numbers.

    Args:
        file: `.npy` or `.safetensors`.
        site: Where it is read.
        key: The tensor's name; "" where there is only one.
        origin: The projection from which on it counts as active.
        d_model: The model's width; None where it is not known yet.

    Raises:
        ComponentError: when there is no such vector, or it does not fit.
    """
    found = tensors_of(file)
    name = key or (next(iter(found)) if len(found) == 1 else "")
    if name not in found:
        raise ComponentError(f"{file} has no tensor {key!r}; it has {', '.join(sorted(found))}.")
    numbers = found[name]
    if numbers.ndim != 1 or (d_model is not None and len(numbers) != d_model):
        wanted = f"({d_model},)" if d_model else "(d_model,)"
        raise ComponentError(f"{file} holds {numbers.shape}; a direction here is {wanted}.")
    said = file.stem if not key else f"{file.stem} {key}"
    return Vector(site, said, tuple(map(float, numbers)), origin)


def _read(dictionary: object) -> Read:
    match dictionary:
        case str() | Path():
            return _shared(read_dictionary(Path(dictionary)))
        case Dictionary():
            return Read(dictionary.name, dictionary.encoder, dictionary.reads, dictionary.writes)
        case Matrices() | Foreign():
            return Read("dictionary", dictionary)
        case _ if _encodes(dictionary):
            return Read(type(dictionary).__name__, _foreign(dictionary))
        case _:
            raise ComponentError(
                f"{dictionary!r} is no dictionary: give a path, or an object with encode, decode "
                f"and W_dec."
            )


def _shared(read: Read) -> Read:
    """With the encoder that somebody holds already, where it is the same: they are large."""
    encoder = read.encoder
    return replace(read, encoder=_in_use.setdefault(encoder.fingerprint, encoder))


def _encodes(dictionary: object) -> TypeGuard[Any]:
    return all(callable(getattr(dictionary, name, None)) for name in ("encode", "decode"))


def _foreign(dictionary: Any) -> Encoder:  # noqa: ANN401 - of another library
    rows = getattr(dictionary, "W_dec", None)
    if rows is None:
        raise ComponentError(
            f"{type(dictionary).__name__} has no W_dec: how many latents it has is not known."
        )
    latents, width = np.shape(rows.detach().float().cpu() if hasattr(rows, "detach") else rows)
    given = getattr(dictionary, "W_enc", None)
    return Foreign(dictionary, width if given is None else int(given.shape[0]), latents)
