"""The option `--claims-shard`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_circuit_assert.given import given

if TYPE_CHECKING:
    from circuit_assert.ledger.shards import Shards


def add_shard(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add the option and the setting of the same name."""
    group.addoption(
        "--claims-shard",
        metavar="I/N",
        help="Run the I-th of N parts of the tests, which every machine splits alike "
        "(circuit-assert merge makes one run of their ledgers).",
    )
    parser.addini("claims_shard", "Twin of --claims-shard.", type="string", default="")


def shard_of(config: pytest.Config) -> Shards | None:
    """The shard that this process runs; None for all tests.

    Raises:
        pytest.UsageError: for what is no shard, and for a lock of one.
    """
    shard: Shards | None = given(config, "shard", _shard, "write i/n with 1 <= i <= n, as 1/4")
    if shard is not None and config.getoption("claims_write_lock"):
        raise pytest.UsageError("--claims-write-lock: a lock is of all tests: leave out the shard.")
    return shard


def _shard(value: str) -> Shards | None:
    if not value:
        return None
    from circuit_assert.ledger.shards import Shards

    found = Shards.parse(value)
    if len(found.numbers) > 1:
        raise ValueError(f"{value!r} is several shards, and a process runs one")
    return found
