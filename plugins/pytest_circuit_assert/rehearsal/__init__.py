"""Rehearsal: tests that do nothing but assert claims are called beforehand, to learn these."""
