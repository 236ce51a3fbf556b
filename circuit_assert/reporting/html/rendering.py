"""Templates, and a page that may load nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuit_assert.reporting.html import figures, words
from circuit_assert.reporting.terminal import number

if TYPE_CHECKING:
    from jinja2 import Environment

_BREAKS = re.compile(r"(/|_|::|,)(?=[^<])")
_HELPERS: dict[str, Any] = {
    "arxiv": words.arxiv,
    "count": words.count,
    "day": words.day,
    "interval": words.interval,
    "mark": words.mark,
    "percent": words.percent,
    "rate_figure": figures.rate_figure,
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **given: Any) -> str:  # noqa: ANN401 - whatever it asks for
    """A template, filled in; everything that it is given is escaped."""
    return _environment().get_template(template).render(**_HELPERS, **given)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "breakable": _breakable}
    return made


def _visible(value: Any) -> Any:  # noqa: ANN401 - whatever a template writes
    """The value; in a text, control characters as the pictures that Unicode has of them."""
    if type(value) is str and _CONTROL.search(value):
        return _CONTROL.sub(lambda found: chr(0x2400 + ord(found[0])), value)
    return value


def _breakable(text: str) -> Any:  # noqa: ANN401 - Markup
    """The text, escaped, with places where a line may end: names are long words."""
    from markupsafe import Markup, escape

    return Markup(_BREAKS.sub(r"\1<wbr>", str(escape(_visible(text)))))  # noqa: S704 - escaped before


def asset(name: str) -> Any:  # noqa: ANN401 - Markup, which is imported where it is used
    """A file beside the templates, as it is: ours, and free of anything that was measured."""
    from markupsafe import Markup

    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy that allows this style and this script and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
