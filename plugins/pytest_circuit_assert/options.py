"""The options, each with a twin in the configuration file unless it asks for a listing."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from circuit_assert.models.devices import CHOICES
from pytest_circuit_assert.distribution.shard_option import add_shard, shard_of
from pytest_circuit_assert.given import device, file_of, folder_of, given, one_of, rate, seed, size
from pytest_circuit_assert.history_options import (
    add_history,
    lock_of,
    name_to_save,
    write_lock_of,
)

if TYPE_CHECKING:
    from circuit_assert.ledger.shards import Shards

DTYPES = ("float32", "bfloat16", "float16")
FAIL_ON = ("inconclusive", "refuted")
SHOW = ("all", "failed", "none")
GITHUB = ("auto", "always", "never")
DEFAULT_SEED = 0
MOST_LISTED = 60
_LEDGER = ".claims/runs"
_CACHE = ".claims/cache"


@dataclass(frozen=True)
class Options:
    """What the options of a run say, the command line before the configuration file.

    Args:
        model: What the `model` fixture means; None when it means nothing.
        device: Where models load when they do not say.
        dtype: What their weights load as when they do not say.
        false_pass_rate: α.
        seed: Of the prompt fixtures.
        fail_on: "inconclusive" (and refuted), or "refuted" alone.
        ledger: The folder of the ledger; None to keep none.
        cache: The folder of the scores of earlier runs; None to measure everything anew.
        memory: Bytes that activations may take; None for what is sensible.
        rehearse: Whether tests are called beforehand to learn their claims.
        listing: "list", "plan" or "lock" to print or write that and run no test; empty otherwise.
        scores: Whether the scores of all units are kept beside the ledger.
        show: Which claims the table lists: "all", "failed", "none", or all up to a number.
        github: When GitHub's step summary and annotations are written: "auto" is in its runners.
        report: The HTML file to write at the end; None for none.
        save: The name under which the run is kept for comparison; empty for none.
        compare: What the run is compared with: a name, a path, or "previous"; empty for nothing.
        fail_on_drift: Whether an effect that moved fails a run that is compared.
        lock: The file of claims that were declared beforehand; None for none.
        locked: Whether a claim that is not as its lock says fails its test.
        write_lock: Where to write that file in place of running tests; None to run them.
        require_gpu: Whether a run without a GPU fails.
        shard: Which part of the tests this process runs; None for all.
    """

    model: str | None
    device: str
    dtype: str
    false_pass_rate: float
    seed: int
    fail_on: str
    ledger: Path | None
    cache: Path | None
    memory: int | None
    rehearse: bool
    listing: str
    scores: bool = False
    show: str | int = MOST_LISTED
    github: str = "auto"
    report: Path | None = None
    save: str = ""
    compare: str = ""
    fail_on_drift: bool = False
    lock: Path | None = None
    locked: bool = False
    write_lock: Path | None = None
    require_gpu: bool = False
    shard: Shards | None = None

    @property
    def said(self) -> dict[str, str]:
        """Every option by name, as the ledger keeps it; those that were left alone are not.

        Nor are those that change only what is shown.
        """
        names = {each.name for each in fields(self)} - {"show", "github"}
        every = ((name, getattr(self, name)) for name in sorted(names))
        return {name: str(value) for name, value in every if value not in (None, "", False)}

    @property
    def lock_hash(self) -> dict[str, str]:
        """A hash of the lock's contents, as the ledger keeps it; nothing without a lock."""
        if self.lock is None or not self.lock.is_file():
            return {}
        return {"lock_hash": hashlib.sha256(self.lock.read_bytes()).hexdigest()[:16]}

    @property
    def is_rerun(self) -> bool:
        """Whether prompts are drawn with another seed than the fixed one."""
        return self.seed != DEFAULT_SEED


OPTIONS = pytest.StashKey[Options]()


def add_options(parser: pytest.Parser) -> None:
    """Add the group and the settings of the same names, with underscores."""
    group = parser.getgroup("circuit claims")
    add = group.addoption
    add(
        "--claims-model",
        metavar="NAME",
        help="The model that the `model` fixture means: as gemma-3-270m, a hub name, or a folder.",
    )
    add(
        "--claims-device",
        metavar="DEVICE",
        help="Where models load when they do not say: cpu (the default), cuda, cuda:1, mps; auto "
        "for all GPUs of the machine; cuda:0,cuda:1 to spread a model's blocks over these.",
    )
    add(
        "--claims-require-gpu",
        action="store_true",
        default=None,
        help="Fail where torch finds no GPU, rather than leave out what needs one.",
    )
    add(
        "--claims-dtype",
        metavar="DTYPE",
        help=f"What weights load as when models do not say: {', '.join(DTYPES)} (default: first).",
    )
    add(
        "--claims-false-pass-rate",
        metavar="RATE",
        help="At most this share of false claims passes; between 0 and 0.5 (default: 0.01).",
    )
    add(
        "--claims-seed",
        metavar="SEED",
        help="Seed of the prompt fixtures (default: 0). Another seed makes the run a rerun.",
    )
    add(
        "--claims-fail-on",
        metavar="VERDICT",
        help="inconclusive (the default): an inconclusive claim fails the run, as a refuted one "
        "does; refuted: it does not.",
    )
    add(
        "--claims-ledger",
        metavar="DIR",
        help=f"Where the ledger of each run is kept (default: {_LEDGER} in the root folder).",
    )
    add(
        "--claims-no-ledger",
        action="store_true",
        default=None,
        help="Keep no ledger of this run.",
    )
    add(
        "--claims-scores",
        action="store_true",
        default=None,
        help="Keep the scores of all units too, as Parquet files beside the ledger.",
    )
    add_history(parser, group)
    add_shard(parser, group)
    add(
        "--claims-report",
        metavar="FILE",
        help="Write a report on the run's claims at its end: one HTML file.",
    )
    add(
        "--claims-cache",
        metavar="DIR",
        help=f"Where scores are kept for later runs (default: {_CACHE} in the root folder).",
    )
    add(
        "--claims-no-cache",
        action="store_true",
        default=None,
        help="Measure everything anew, and keep no scores for later runs.",
    )
    add(
        "--claims-memory",
        metavar="GIB",
        help="Most memory for activations, beside the weights, in GiB (default: by what is free).",
    )
    add(
        "--claims-no-rehearsal",
        action="store_true",
        default=None,
        help="Call no test beforehand to learn its claims; measure each when it is asked for.",
    )
    add(
        "--claims-show",
        metavar="WHICH",
        help=f"Which claims the table at the end lists: {', '.join(SHOW)}, or a number: all up to "
        f"that many, of more those that do not hold (default: {MOST_LISTED}; with -q: failed).",
    )
    add(
        "--claims-github",
        metavar="WHEN",
        help="Whether to write GitHub's step summary and annotations: auto (the default: where "
        "GITHUB_ACTIONS is true), always, or never.",
    )
    add(
        "--claims-list",
        action="store_true",
        help="Print every claim and which way it is asserted; load no model and run no test.",
    )
    add(
        "--claims-plan",
        action="store_true",
        help="The same, and what measuring the claims takes at least.",
    )
    _add_settings(parser)


def _add_settings(parser: pytest.Parser) -> None:
    parser.addini("claims_model", "Twin of --claims-model.", type="string", default="")
    parser.addini("claims_device", "Twin of --claims-device.", type="string", default="cpu")
    parser.addini("claims_require_gpu", "Twin of --claims-require-gpu.", type="bool", default=False)
    parser.addini("claims_dtype", "Twin of --claims-dtype.", type="string", default="float32")
    parser.addini(
        "claims_false_pass_rate", "Twin of --claims-false-pass-rate.", type="float", default=0.01
    )
    parser.addini("claims_seed", "Twin of --claims-seed.", type="int", default=DEFAULT_SEED)
    parser.addini(
        "claims_fail_on", "Twin of --claims-fail-on.", type="string", default="inconclusive"
    )
    parser.addini("claims_ledger", "Twin of --claims-ledger.", type="string", default=_LEDGER)
    parser.addini("claims_no_ledger", "Twin of --claims-no-ledger.", type="bool", default=False)
    parser.addini("claims_scores", "Twin of --claims-scores.", type="bool", default=False)
    parser.addini("claims_show", "Twin of --claims-show.", type="string", default="")
    parser.addini("claims_github", "Twin of --claims-github.", type="string", default="auto")
    parser.addini("claims_report", "Twin of --claims-report.", type="string", default="")
    parser.addini("claims_cache", "Twin of --claims-cache.", type="string", default=_CACHE)
    parser.addini("claims_no_cache", "Twin of --claims-no-cache.", type="bool", default=False)
    parser.addini("claims_memory", "Twin of --claims-memory.", type="string", default="")
    parser.addini(
        "claims_no_rehearsal", "Twin of --claims-no-rehearsal.", type="bool", default=False
    )


def read_options(config: pytest.Config) -> Options:
    """What this run was given.

    Raises:
        pytest.UsageError: for a value that cannot be, naming those that can.
    """
    save = given(config, "save", name_to_save, "write release-2")
    locked = bool(given(config, "locked", bool, "write true or false"))
    made = Options(
        model=given(config, "model", str, "write a name") or None,
        device=given(config, "device", device, f"write {CHOICES}"),
        dtype=given(config, "dtype", one_of(*DTYPES), f"write {' or '.join(DTYPES)}"),
        false_pass_rate=given(config, "false_pass_rate", rate, "write 0.01"),
        seed=given(config, "seed", seed, "write a whole number from 0"),
        fail_on=given(config, "fail_on", one_of(*FAIL_ON), f"write {' or '.join(FAIL_ON)}"),
        ledger=folder_of(config, "ledger"),
        cache=folder_of(config, "cache"),
        memory=given(config, "memory", size, "write 1.5"),
        rehearse=not given(config, "no_rehearsal", bool, "write true or false"),
        listing=_listing(config),
        show=given(config, "show", _show(config), f"write {', '.join(SHOW)} or a number"),
        github=given(config, "github", one_of(*GITHUB), f"write {', '.join(GITHUB)}"),
        report=file_of(config, "report"),
        scores=_scores(config) or (bool(save) and _has_pyarrow()),
        save=save,
        compare=given(config, "compare", str, "write a name"),
        fail_on_drift=bool(given(config, "fail_on_drift", bool, "write true or false")),
        lock=lock_of(config, locked=locked),
        locked=locked,
        write_lock=write_lock_of(config),
        require_gpu=bool(given(config, "require_gpu", bool, "write true or false")),
        shard=shard_of(config),
    )
    _refuse_without_a_ledger(made)
    return made


def _refuse_without_a_ledger(made: Options) -> None:
    for name in ("save", "compare"):
        if getattr(made, name) and made.ledger is None:
            raise pytest.UsageError(f"--claims-{name} needs the run's ledger: give it one.")


def _has_pyarrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def _scores(config: pytest.Config) -> bool:
    asked = bool(given(config, "scores", bool, "write true or false"))
    if asked and not _has_pyarrow():
        raise pytest.UsageError(
            "--claims-scores: Parquet files need pyarrow: pip install 'circuit-assert[scores]'."
        )
    return asked


def _listing(config: pytest.Config) -> str:
    if config.getoption("claims_write_lock"):
        return "lock"
    if config.getoption("claims_plan"):
        return "plan"
    return "list" if config.getoption("claims_list") else ""


def _show(config: pytest.Config) -> Callable[[str], str | int]:
    """A quiet run lists what failed, unless it is told."""

    def parse(value: str) -> str | int:
        if value in SHOW:
            return value
        if value == "":
            return "failed" if config.get_verbosity() < 0 else MOST_LISTED
        if not value.isdecimal():
            raise ValueError(f"{value!r} is not known")
        return int(value)

    return parse
