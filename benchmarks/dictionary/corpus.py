"""Text in many languages and scripts from packages: translated manuals and Django's messages.

Manuals: Debian's `manpages`, `manpages-de`, `manpages-fr`, … (each page under its own free licence,
named in the packages' copyright files). They are only trained on and are not shipped.
Messages: the translation catalogues in Django's wheel (BSD-3-Clause), which have the same messages
in every language. A third of them is trained on; the others are kept back, and shipped beside the
dictionary for claims about it.
"""

from __future__ import annotations

import gettext
import gzip
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

LANGUAGES_OF_MANUALS = ("en", "de", "fr", "es", "it", "ru", "uk", "el", "ja", "zh_CN")
LANGUAGES_OF_MESSAGES = (
    *("en", "de", "fr", "es", "it", "ru", "uk", "el", "ja", "zh_Hans"),
    *("ar", "he", "ko", "sr", "bg"),
)
_MACRO = re.compile(r"^[.']\s*(B|I|BR|RB|IR|RI|BI|IB|SM)\s+(.*)$")
_ESCAPES = (
    (re.compile(r"\\f(\[\w*\]|\(..|.)"), ""),
    (re.compile(r"\\\(..|\\\[[^\]]*\]|\\[&/,|^:]|\\s[+-]?\d"), ""),
    (re.compile(r"\\-"), "-"),
    (re.compile(r"\\ |\\~"), " "),
    (re.compile(r"\\e"), r"\\"),
    (re.compile(r'\\".*|"'), ""),
)
_LEAST_OF_PAGE = 400  # characters
_PER_DOCUMENT = 3  # messages
_LEAST_OF_MESSAGE = 12  # characters, in English


def manual_pages(folder: Path, language: str) -> Iterator[str]:
    """Running text of each manual page in a language, pages ordered by a hash of their name.

    Args:
        folder: Where the packages were unpacked (`dpkg-deb -x`).
        language: As in the path, "en" for the pages that have none.
    """
    root = folder / "usr/share/man"
    pages = (root if language == "en" else root / language).glob("man[0-9]*/*.gz")
    for page in sorted(pages, key=lambda each: _stable(each.name)):
        text = running_text(gzip.decompress(page.read_bytes()).decode("utf-8", "replace"))
        if len(text) >= _LEAST_OF_PAGE:
            yield text


def running_text(roff: str) -> str:
    """A manual page without its markup."""
    lines: list[str] = []
    for line in roff.splitlines():
        macro = _MACRO.match(line)
        if not macro and line.startswith((".", "'")):
            continue
        said = macro.group(2) if macro else line
        for pattern, by in _ESCAPES:
            said = pattern.sub(by, said)
        lines.append(said.strip())
    return " ".join(line for line in lines if line)


def messages(wheel: Path) -> dict[str, dict[str, str]]:
    """Document → language → its messages in that language; all languages have all of them.

    Args:
        wheel: Django's.
    """
    catalogues = _catalogues(wheel)
    keys = _shared(catalogues)
    documents = [keys[i : i + _PER_DOCUMENT] for i in range(0, len(keys), _PER_DOCUMENT)]
    return {
        f"messages/{number}": {
            language: " ".join(catalogue[key] for key in document)
            for language, catalogue in sorted(catalogues.items())
        }
        for number, document in enumerate(documents)
        if len(document) == _PER_DOCUMENT
    }


def other_messages(wheel: Path) -> dict[str, list[str]]:
    """Language → messages that are in no document, a few to a text."""
    catalogues = _catalogues(wheel)
    shared = set(_shared(catalogues))
    found: dict[str, list[str]] = {}
    for language, catalogue in catalogues.items():
        rest = [text for key, text in sorted(catalogue.items()) if key not in shared]
        texts = (". ".join(rest[i : i + 8]) for i in range(0, len(rest), 8))
        found[language] = list(texts)
    return found


def trained_on(document: str) -> bool:
    """Whether a document of messages is one of those that the dictionary was trained on."""
    return int(document.rpartition("/")[2]) % 3 == 0


def corpus(manuals: Path, wheel: Path, characters: int) -> Mapping[str, list[str]]:
    """Language → texts to train on, up to so many characters of manuals each."""
    found: dict[str, list[str]] = {}
    for language in LANGUAGES_OF_MANUALS:
        taken = found.setdefault(language.partition("_")[0], [])
        for text in manual_pages(manuals, language):
            if sum(map(len, taken)) >= characters * (0.4 if language in ("ja", "zh_CN") else 1):
                break
            taken.append(text[:6000])
    for language, texts in other_messages(wheel).items():
        found.setdefault(language.partition("_")[0], []).extend(texts)
    for document, by_language in messages(wheel).items():
        if trained_on(document):
            for language, text in by_language.items():
                found.setdefault(language.partition("_")[0], []).append(text)
    return found


def _catalogues(wheel: Path) -> dict[str, dict[str, str]]:
    found = {one: _catalogue(wheel, one) for one in LANGUAGES_OF_MESSAGES if one != "en"}
    english = {key for each in found.values() for key in each}
    return {**found, "en": {key: key for key in english}}


def _shared(catalogues: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Messages that every language has and that are long enough, in a fixed random order."""
    shared = set.intersection(*(set(each) for each in catalogues.values()))
    return sorted((key for key in shared if len(key) >= _LEAST_OF_MESSAGE), key=_stable)


def _catalogue(wheel: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as archive:
        end = f"/locale/{language}/LC_MESSAGES/django.mo"
        for name in sorted(name for name in archive.namelist() if name.endswith(end)):
            if "/gis/" in name:
                continue
            translations = gettext.GNUTranslations(io.BytesIO(archive.read(name)))
            entries: dict[object, str] = vars(translations)["_catalog"]
            for key, text in entries.items():
                if isinstance(key, str) and text and "<" not in key:
                    found.setdefault(_plain(key), _plain(text))
    return found


def _plain(message: str) -> str:
    return " ".join(re.sub(r"%\(\w+\)\w", "X", message).split())


def _stable(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
