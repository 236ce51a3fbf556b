"""The options of comparing, saving and locking."""

from __future__ import annotations

from pathlib import Path

import pytest

_LOCK = "claims.lock"


def add_history(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add the options and the settings of the same names."""
    add = group.addoption
    add(
        "--claims-save",
        metavar="NAME",
        help="Keep the run under this name, with its scores, for later runs to be compared with.",
    )
    add(
        "--claims-compare",
        metavar="NAME",
        nargs="?",
        const="previous",
        help="Compare with a saved run, a ledger's path, or (without NAME) the previous run; "
        "the run fails when something is worse.",
    )
    add(
        "--claims-fail-on-drift",
        action="store_true",
        default=None,
        help="With --claims-compare, an effect that moved fails the run, whatever its verdict.",
    )
    add(
        "--claims-lock",
        metavar="FILE",
        help="Warn of claims whose thresholds, prompts, ablations or α are not as this file says.",
    )
    add(
        "--claims-locked",
        action="store_true",
        default=None,
        help="Fail tests with such claims (the file: --claims-lock, else claims.lock).",
    )
    add(
        "--claims-write-lock",
        metavar="FILE",
        help="Write every declared claim to this file; load no model and run no test.",
    )
    parser.addini("claims_save", "Twin of --claims-save.", type="string", default="")
    parser.addini("claims_compare", "Twin of --claims-compare.", type="string", default="")
    parser.addini(
        "claims_fail_on_drift", "Twin of --claims-fail-on-drift.", type="bool", default=False
    )
    parser.addini("claims_lock", "Twin of --claims-lock.", type="string", default="")
    parser.addini("claims_locked", "Twin of --claims-locked.", type="bool", default=False)


def lock_of(config: pytest.Config, *, locked: bool) -> Path | None:
    """The lock; None without one.

    A file on the command line is seen from where pytest was called, another from its root.

    Args:
        config: pytest's.
        locked: Whether there has to be one.

    Raises:
        pytest.UsageError: when it is not there.
    """
    asked: str | None = config.getoption("claims_lock")
    if asked:
        path = config.invocation_params.dir / asked
    else:
        said = config.getini("claims_lock") or (_LOCK if locked else "")
        if not said:
            return None
        path = config.rootpath / said
    if not path.is_file() and not config.getoption("claims_write_lock"):
        raise pytest.UsageError(
            f"--claims-lock: there is no file {path}: circuit-assert lock -o {path.name} writes it."
        )
    return path


def write_lock_of(config: pytest.Config) -> Path | None:
    """Where the lock is to be written; None when it is not."""
    asked: str | None = config.getoption("claims_write_lock")
    return config.invocation_params.dir / asked if asked else None


def name_to_save(value: str) -> str:
    """The name under which the run is kept; empty for none.

    Raises:
        ValueError: when it cannot be one.
    """
    from circuit_assert.ledger.folders import check_name

    return check_name(value) if value else ""
