"""A claim drawn for a terminal: records in, lines of rich text out.

Colour only adds: every verdict is a word and a mark, every bar has its numbers.
"""

from circuit_assert.reporting.drawing.claim import Judgement, drawn

__all__ = ["Judgement", "drawn"]
