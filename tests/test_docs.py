"""The docs name what there is, and their examples run."""

import ast
import doctest
import inspect
import re
from pathlib import Path

import pytest

import circuit_assert
from circuit_assert.claims.__main__ import page as page_of_claims
from circuit_assert.claims.catalogue.docstrings import docstring_of
from circuit_assert.claims.catalogue.kinds import is_kind
from circuit_assert.models import planted_models
from circuit_assert.models.planted_models.__main__ import page as page_of_planted_models

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CLAIM_TYPES = sorted(
    name for name in circuit_assert.__all__ if is_kind(getattr(circuit_assert, name))
)


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_examples_run(forking, page):
    """Each alone, but in one process: starting one takes longer than running an example."""
    each = [
        f"exec(compile({block!r}, 'example {number}', 'exec'), {{'__name__': '__main__'}})"
        for number, block in enumerate(blocks(page, "python"), start=1)
    ]
    if each:
        done = forking.python("\n".join(each))
        assert done.returncode == 0, done.stderr


CATALOGUE = page_of_claims()
WITH_EXAMPLES = [n for n in CLAIM_TYPES if docstring_of(getattr(circuit_assert, n)).example]


def test_the_catalogue_is_what_the_docstrings_say():
    assert (ROOT / "docs" / "claims.md").read_text() == CATALOGUE, (
        "write it anew: python -m circuit_assert.claims > docs/claims.md"
    )


def test_every_claim_type_is_in_the_catalogue_once():
    assert sorted(re.findall(r"^### `(\w+)`$", CATALOGUE, re.MULTILINE)) == CLAIM_TYPES


@pytest.mark.parametrize("name", CLAIM_TYPES)
def test_every_claim_type_says_what_its_arguments_are(name):
    kind = getattr(circuit_assert, name)
    assert set(docstring_of(kind).arguments) == set(inspect.signature(kind).parameters)


@pytest.mark.parametrize("name", CLAIM_TYPES)
def test_every_claim_type_has_an_example(name):
    """From a shipped suite, or one of its own, that is run below."""
    section = CATALOGUE.split(f"### `{name}`\n")[1].split("\n##")[0]
    *_, example = re.findall(r"```(?:py|pycon)\n(.*?)```", section, re.DOTALL)
    calls = [node for node in ast.walk(ast.parse(_code(example))) if isinstance(node, ast.Name)]
    assert name in {call.id for call in calls}


def _code(example):
    """What is typed at a prompt, or the example itself."""
    typed = doctest.DocTestParser().get_examples(example)
    return "".join(each.source for each in typed) or example


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_claim_types_run(name):
    text = docstring_of(getattr(circuit_assert, name)).example
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert doctest.DocTestRunner().run(test) == (0, len(test.examples))


def test_every_name_that_is_exported_is_public():
    homes = vars(circuit_assert)["_HOMES"]
    assert sorted(homes) == sorted(circuit_assert.__all__)


def test_there_are_claim_types():
    assert len(CLAIM_TYPES) >= 5


@pytest.mark.parametrize("name", circuit_assert.__all__)
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(circuit_assert, name))


def test_probes_are_documented():
    page = (ROOT / "docs" / "own-claims.md").read_text()
    for name in circuit_assert.__all__:
        home = inspect.getmodule(getattr(circuit_assert, name))
        if home is not None and home.__name__.endswith(".probes") and name != "contrast":
            assert f"`{name}(" in page, name


def test_what_is_planted_is_what_the_page_says():
    assert (ROOT / "docs" / "planted-models.md").read_text() == page_of_planted_models(), (
        "write it anew: python -m circuit_assert.models.planted_models > docs/planted-models.md"
    )


@pytest.mark.parametrize("name", [n for n in planted_models.__all__ if n.endswith("_model")])
def test_every_planted_model_has_a_section(name):
    headings = re.findall(r"^## (.+)$", page_of_planted_models(), re.MULTILINE)
    assert any(f"`{name}(" in heading for heading in headings)


def test_files_that_the_docs_name_exist():
    for page in PAGES:
        for name in re.findall(
            r"`((?:tests|docs|hypotheses|circuit_assert)/[\w/.]+)`", page.read_text()
        ):
            assert (ROOT / name).exists(), (page.name, name)


def test_suites_say_which_paper_they_are_about():
    suites = sorted((ROOT / "hypotheses").glob("*/test_*.py"))
    assert len(suites) >= 4
    for suite in suites:
        doc = ast.get_docstring(ast.parse(suite.read_text())) or ""
        assert re.search(r"arXiv:\d{4}\.\d{5}|\b20\d\d\b", doc), suite
