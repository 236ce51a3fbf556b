"""Sparse dictionaries: what one computes, where it reads, and the file formats they come in."""

from circuit_assert.dictionaries.dictionary import Dictionary
from circuit_assert.dictionaries.formats import read_dictionary

__all__ = ["Dictionary", "read_dictionary"]
