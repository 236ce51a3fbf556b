"""Ledgers as one HTML file that needs nothing else, and evidence as a card for notebooks."""

from circuit_assert.reporting.html.page import TITLE, report, write

__all__ = ["TITLE", "report", "write"]
