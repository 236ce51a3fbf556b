"""What dictionaries compute: encoders by kind, numbers in float32."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import ComponentError

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Anything that encodes activations into latents and decodes them again."""

    @property
    def d_in(self) -> int:
        """Width of what is encoded."""
        ...

    @property
    def d_out(self) -> int:
        """Width of what is decoded to."""
        ...

    @property
    def latents(self) -> int:
        """How many latents."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of what it computes."""
        ...

    def encode(self, activation: torch.Tensor) -> torch.Tensor:
        """`[..., d_in]` → `[..., latent]`."""
        ...

    def decode(self, activations: torch.Tensor) -> torch.Tensor:
        """`[..., latent]` → `[..., d_out]`."""
        ...

    def direction(self, latent: int) -> torch.Tensor:
        """What one latent adds to the reconstruction: `[d_out]`."""
        ...


@dataclass(frozen=True)
class Rectified:
    """max(0, pre-activation): "standard" (Bricken et al. 2023)."""

    def __call__(self, pre: torch.Tensor) -> torch.Tensor:
        """`[..., latent]`, pre-activations → activations."""
        return pre.relu()


@dataclass(frozen=True)
class Jump:
    """The pre-activation where it exceeds a threshold (Rajamanoharan et al. 2024, JumpReLU).

    Also what a batch top-k dictionary is when it is used (Bussmann et al. 2024).

    Args:
        threshold: `[latent]`.
    """

    threshold: Floats

    def __call__(self, pre: torch.Tensor) -> torch.Tensor:
        """`[..., latent]`, pre-activations → activations."""
        return pre.relu() * (pre > _like(self.threshold, pre))


@dataclass(frozen=True)
class Top:
    """The k largest pre-activations of a token, rectified (Gao et al. 2024).

    Args:
        k: How many.
        by_norm: `[latent]`, decoder norms that pre-activations are multiplied by before they are
            compared and activations divided by in decoding; none for one.
    """

    k: int
    by_norm: Floats | None = None

    def __call__(self, pre: torch.Tensor) -> torch.Tensor:
        """`[..., latent]`, pre-activations → activations."""
        scaled = pre if self.by_norm is None else pre * _like(self.by_norm, pre)
        top = scaled.topk(min(self.k, scaled.shape[-1]), dim=-1)
        return scaled.new_zeros(scaled.shape).scatter(-1, top.indices, top.values.relu())


@dataclass(frozen=True)
class Gate:
    """A gate decides whether, a second reading of the same rows how much (Rajamanoharan 2024).

    The pre-activation is without bias.

    Args:
        gate: `[latent]`, the gate's bias.
        scale: `[latent]`, r_mag: the second reading is exp(r_mag) times the first.
        magnitude: `[latent]`, its bias.
    """

    gate: Floats
    scale: Floats
    magnitude: Floats

    def __call__(self, pre: torch.Tensor) -> torch.Tensor:
        """`[..., latent]`, pre-activations → activations."""
        magnitude = pre * _like(self.scale, pre).exp() + _like(self.magnitude, pre)
        return (pre + _like(self.gate, pre) > 0) * magnitude.relu()


@dataclass(frozen=True)
class Matrices:
    """A dictionary of two matrices.

    Args:
        W_enc: `[d_in, latent]`.
        b_enc: `[latent]`; zeros for a gated one.
        W_dec: `[latent, d_out]`.
        b_dec: `[d_out]`.
        activation: What is made of pre-activations.
        subtracts: Whether b_dec is subtracted from what is encoded.

    Raises:
        ComponentError: where shapes do not fit each other.
    """

    W_enc: Floats
    b_enc: Floats
    W_dec: Floats
    b_dec: Floats
    activation: Rectified | Jump | Top | Gate = field(default_factory=Rectified)
    subtracts: bool = False

    def __post_init__(self) -> None:
        if self.W_enc.ndim != 2 or self.W_dec.ndim != 2:
            raise ComponentError(
                f"W_enc and W_dec are matrices; got {self.W_enc.shape} and {self.W_dec.shape}."
            )
        d_in, latents = self.W_enc.shape
        d_out = self.W_dec.shape[1]
        wanted = {"b_enc": (latents,), "W_dec": (latents, d_out), "b_dec": (d_out,)}
        found = {name: getattr(self, name).shape for name in wanted}
        wanted |= {f.name: (latents,) for f in fields(self.activation) if f.name != "k"}
        found |= {
            f.name: (latents,) if value is None else value.shape
            for f in fields(self.activation)
            if f.name != "k"
            for value in (getattr(self.activation, f.name),)
        }
        for name, shape in wanted.items():
            if found[name] != shape:
                turned = f" (W_enc is [d_in, latent], here {d_in} × {latents}"
                raise ComponentError(
                    f"{name} is {found[name]}; with W_enc {self.W_enc.shape} it has to be {shape}"
                    f"{turned}; matrices of torch.nn.Linear have to be transposed)."
                )
        if self.subtracts and d_in != d_out:
            raise ComponentError(
                f"b_dec has {d_out} numbers and cannot be subtracted from what is encoded, which "
                f"has {d_in}: set apply_b_dec_to_input to false for a transcoder."
            )

    @property
    def d_in(self) -> int:
        """Width of what is encoded."""
        return self.W_enc.shape[0]

    @property
    def d_out(self) -> int:
        """Width of what is decoded to."""
        return self.W_dec.shape[1]

    @property
    def latents(self) -> int:
        """How many latents."""
        return self.W_enc.shape[1]

    @property
    def fingerprint(self) -> str:
        """A hash of all numbers and of how they are used."""
        digest = hashlib.sha256(f"{type(self.activation).__name__} {self.subtracts}".encode())
        for owner in (self, self.activation):
            for each in fields(owner):
                value = getattr(owner, each.name)
                if isinstance(value, np.ndarray):
                    digest.update(f"{each.name} {value.shape}".encode())
                    digest.update(np.ascontiguousarray(value, np.float32).tobytes())
                elif isinstance(value, int):
                    digest.update(f"{each.name} {value}".encode())
        return digest.hexdigest()[:16]

    def encode(self, activation: torch.Tensor) -> torch.Tensor:
        """`[..., d_in]` → `[..., latent]`."""
        given = activation.float()
        if self.subtracts:
            given = given - _like(self.b_dec, given)
        return self.activation(given @ _like(self.W_enc, given) + _like(self.b_enc, given))

    def decode(self, activations: torch.Tensor) -> torch.Tensor:
        """`[..., latent]` → `[..., d_out]`."""
        given = activations.float()
        norms = self.activation.by_norm if isinstance(self.activation, Top) else None
        if norms is not None:
            given = given / _like(norms, given)
        return given @ _like(self.W_dec, given) + _like(self.b_dec, given)

    def direction(self, latent: int) -> torch.Tensor:
        """What an activation of 1 adds to the reconstruction: `[d_out]`."""
        import torch

        row = torch.from_numpy(np.ascontiguousarray(self.W_dec[latent], np.float32))
        norms = self.activation.by_norm if isinstance(self.activation, Top) else None
        return row if norms is None else row / float(norms[latent])


@dataclass(frozen=True)
class Foreign:
    """An object of another library with `encode` and `decode`.

    It has no file to hash: it is known by what it makes of fixed random numbers.

    Args:
        of: The object; `encode` and `decode` take and return tensors.
        d_in: Width of what is encoded.
        latents: How many latents.
    """

    of: object
    d_in: int
    latents: int

    @property
    def d_out(self) -> int:
        """Width of what is decoded to."""
        return self.direction(0).shape[0]

    @property
    def fingerprint(self) -> str:
        """A hash of what it encodes and decodes fixed random numbers to."""
        import torch

        generator = torch.Generator().manual_seed(0)
        probes = torch.randn(64, self.d_in, generator=generator) * self.d_in**0.5
        codes = torch.rand(64, self.latents, generator=generator)
        digest = hashlib.sha256()
        for made in (self.encode(probes), self.decode(codes), self.decode(torch.zeros_like(codes))):
            digest.update(made.float().numpy().tobytes())
        return digest.hexdigest()[:16]

    def encode(self, activation: torch.Tensor) -> torch.Tensor:
        """`[..., d_in]` → `[..., latent]`."""
        return self._call("encode", activation.float())

    def decode(self, activations: torch.Tensor) -> torch.Tensor:
        """`[..., latent]` → `[..., d_out]`."""
        return self._call("decode", activations.float())

    def direction(self, latent: int) -> torch.Tensor:
        """What an activation of 1 adds to the reconstruction: `[d_out]`."""
        import torch

        codes = torch.zeros(2, self.latents)
        codes[1, latent] = 1.0
        without, with_it = self.decode(codes)
        return with_it - without

    def _call(self, name: str, given: torch.Tensor) -> torch.Tensor:
        import torch

        rows = getattr(self.of, "W_dec", given)
        with torch.no_grad():
            there = given.to(getattr(rows, "device", "cpu"))
            return getattr(self.of, name)(there).to(given.device)


def _like(numbers: Floats, tensor: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(numbers, np.float32)).to(tensor.device)
