"""The lock: what claims declare, written down before anything is measured, and held against runs.

A lock is one text file, the same for the same claims, so that version control shows what changed
and when.
"""

from circuit_assert.lock.check import problems
from circuit_assert.lock.declared import Declared, DeclaredCriterion, declared
from circuit_assert.lock.file import Entry, Lock, LockError, read_lock, write_lock

__all__ = [
    "Declared",
    "DeclaredCriterion",
    "Entry",
    "Lock",
    "LockError",
    "declared",
    "problems",
    "read_lock",
    "write_lock",
]
