"""The HTML report: what it says, that it says it to everyone, and that nothing in it can act."""

import base64
import hashlib
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from circuit_assert.reporting.html import report, write
from circuit_assert.reporting.html.rendering import TEMPLATES

VOID = {"meta", "br", "wbr", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """The elements of a page, in order, with their attributes and texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.stack, self.stray = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag in ("td", "dd"):
            self.handle_data(" ")
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1]["tag"] != tag:
            self.stray.append(tag)
            return
        self.stack.pop()

    def handle_data(self, data):
        for element in self.stack:
            element["text"] += data

    def all(self, *tags, **attributes):
        return [
            each
            for each in self.elements
            if (not tags or each["tag"] in tags)
            and all(each.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def text(self, *tags, **attributes):
        (found,) = self.all(*tags, **attributes)
        return " ".join(found["text"].split())


@pytest.fixture
def page(made):
    def page(*ledgers, **options):
        return Page(report(ledgers, now=made.NOW, **options))

    return page


def said(page):
    return " ".join(page.text("main").split())


def test_one_sentence_says_what_was_tested_and_how_much_holds(made, page):
    lead = page(made.mixed()).text("p", class_="lead").replace("\u00a0", " ")
    assert lead.startswith("5 of 7 assertions hold (71 %; 95 % interval 36 % to 92 %)")
    assert "of 7 claims about the inside of 3 models" in lead
    assert "4 are supported, 2 refuted (1 of them as their tests say), 1 inconclusive." in lead
    assert lead.endswith("1 did not run.")


def test_one_claim_reads_as_one(made, page):
    lead = page(made.ledger(made.claim())).text("p", class_="lead")
    assert lead.startswith("1 of 1 assertion holds")
    assert "of 1 claim about the inside of gemma. 1 is supported." in lead


def test_a_ledger_without_claims_is_a_page_too(made, page):
    found = page(made.ledger())
    assert "No assertion was judged" in found.text("p", class_="lead")
    assert not found.all("details", class_="claim holds")


def test_what_needs_a_look_comes_first(made, page):
    found = page(made.mixed())
    items = [each["text"] for each in found.all("li")]
    look = [
        text.split()[0] for text in items if "before this report" in text or "no verdict" in text
    ]
    assert look == ["fails", "inconclusive", "not"]
    cards = [each for each in found.all("details") if each.get("data-standing")]
    standings = [each["data-standing"] for each in cards]
    assert standings == ["fails", "inconclusive", "holds", "holds", "holds", "holds", "holds"]
    assert ["open" in each for each in cards] == [True, True] + [False] * 5
    assert "refuted, but its test asserts it: why L3H3 is refuted" in said(found)
    assert "judged 3 hours before this report" in said(found)


def test_what_was_judged_just_now_says_nothing_of_its_age(made):
    ledger = made.mixed()
    at = max(datetime.fromisoformat(each.at) for each in ledger.claims)
    assert (
        "judged"
        not in said(Page(report([ledger], now=at + timedelta(minutes=59))))
        .split("Pass rates")[0]
        .split("What needs a look")[1]
    )


def test_a_claim_that_did_not_run_is_shown_with_the_age_of_its_last_verdict(made, page):
    old = made.claim("L5H1", at="2026-03-07T09:00:00+00:00")
    before = made.ledger(old, started="2026-03-07T08:00:00+00:00", name="before")
    skipped = ((old.nodeid, "this machine has no GPU"),)
    now = made.ledger(made.claim("L2H3"), not_run=skipped, name="now")
    for found in (page(before, now), page(now, before), page(now, earlier=[before])):
        text = said(found)
        assert "when it last ran, 7 March 2026, 09:00 UTC, 3 days before this report" in text
        assert "not run: this machine has no GPU" in text
        assert found.text("p", class_="lead").startswith("1 of 1 assertion holds")


def test_a_claim_is_shown_with_its_last_verdict(made, page):
    before = made.ledger(
        (made.claim("L5H1", "refuted"), False), started="2026-03-01T08:00:00+00:00", name="before"
    )
    now = made.ledger(made.claim("L5H1"), name="now")
    found = page(now, before)
    assert found.text("p", class_="lead").startswith("1 of 1 assertion holds")
    (card,) = found.all("details", **{"data-standing": "holds"})
    strip = found.text("div", class_="strip")
    assert strip.index("refuted") < strip.index("supported")
    assert "1 of 1 in the last of 2 runs" in said(found)
    assert card["data-verdict"] == "supported"


def test_a_claim_that_its_test_makes_no_more_is_gone(made, page):
    was, now = made.claim("was", nodeid="t.py::test"), made.claim("now", nodeid="t.py::test")
    before = made.ledger(was, started="2026-03-01T08:00:00+00:00", name="before")
    assert "was is an induction head" not in said(page(before, made.ledger(now)))
    text = said(page(before, made.ledger((now, False))))
    assert "its test failed before it came to this claim" in text


def test_earlier_runs_bring_no_claims_of_their_own(made, page):
    other = made.ledger(made.claim("other"), started="2026-03-01T08:00:00+00:00", name="before")
    now = made.ledger(made.claim("now"))
    assert "other is an" not in said(page(now, earlier=[other]))
    assert "other is an" in said(page(now, other))


def test_claims_by_models_share_rows(made, page):
    found = page(
        made.ledger(made.claim("a"), made.claim("b", words="a is an induction head", model="m"))
    )
    (matrix,) = found.all("table", class_="matrix")
    assert matrix["text"].count("a is an induction head") == 1
    assert matrix["text"].count("supported") == 2


def test_a_card_says_everything(made, page):
    text = said(page(made.ledger(made.claim("L5H1"))))
    for part in (
        "why L5H1 is supported",
        "+0.790 [+0.760, +0.820] attention, claimed to be above +0.40",
        "s19",
        "40 others: lowest +0.000, median +0.195, highest +0.390",
        "the lowest prompt",
        "the highest prompt",
        "zero ablation of L5H1",
        "hypotheses/test_x.py:7",
        "asserts it; holds; the test passed",
        "Olsson et al. 2022, arXiv:2209.11895",
        "argument head L5H1",
        "0123456789abcdef",
        "float32, cpu",
        "c0ffeec0ffee",
        "with changes",
        "torch 2.13",
    ):
        assert part in text, part


def test_what_was_cut_short_is_said(made, page):
    assert "It was cut short" in page(made.ledger(made.claim(), ended=False)).text("header")


def test_everything_that_comes_from_elsewhere_is_text(made):
    text = report([made.mixed()], title=made.HOSTILE, now=made.NOW)
    found = Page(text)
    assert not found.stray
    assert not found.stack
    assert len(found.all("script")) == len(found.all("style")) == 1
    assert not found.all("img")
    handlers = [name for each in found.elements for name in each if name.startswith("on")]
    assert not handlers
    shown = "".join(found.text("h1").split())
    assert shown == "".join(made.HOSTILE.split()).replace("\x1b", "␛")
    assert "\x1b" not in text


def test_the_page_may_load_nothing_and_run_only_its_own_script(made):
    text = report([made.mixed()], now=made.NOW)
    found = Page(text)
    (policy,) = found.all("meta", **{"http-equiv": "Content-Security-Policy"})
    for tag in ("style", "script"):
        (element,) = found.all(tag)
        digest = base64.b64encode(hashlib.sha256(element["text"].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy["content"]
    assert policy["content"].startswith("default-src 'none'")
    assert not [each for each in found.elements if "style" in each or "src" in each]
    links = {each["href"] for each in found.elements if "href" in each}
    assert {link for link in links if not link.startswith("#")} == {
        "https://arxiv.org/abs/2209.11895"
    }


def test_links_and_labels_lead_somewhere(made):
    found = Page(report([made.mixed()], now=made.NOW))
    ids = [each["id"] for each in found.elements if "id" in each]
    assert len(ids) == len(set(ids))
    wanted = {each["href"][1:] for each in found.all("a") if each["href"].startswith("#")}
    wanted |= {each["aria-labelledby"] for each in found.elements if "aria-labelledby" in each}
    assert len(wanted) > 10
    assert wanted <= set(ids)


def test_a_screen_reader_finds_its_way(made):
    found = Page(report([made.mixed()], now=made.NOW))
    assert [len(found.all(tag)) for tag in ("header", "main", "nav", "footer", "h1")] == [1] * 5
    levels = [
        int(each["tag"][1]) if each["tag"] in ("h1", "h2", "h3", "h4", "h5") else 4
        for each in found.elements
        if re.fullmatch(r"h\d", each["tag"]) or each.get("role") == "heading"
    ]
    assert levels[0] == 1
    assert all(later <= before + 1 for before, later in pairwise(levels))
    assert all(each.get("scope") for each in found.all("th"))
    assert all(
        each.get("aria-label") or each.get("aria-hidden") == "true" for each in found.all("svg")
    )
    (first, *_) = found.all("a")
    assert first["class"] == "skip"
    assert found.all("p", role="status")[0]["aria-live"] == "polite"


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


THEMES = re.findall(r"\.ca \{\n?(\s*--page.*?)\}", (TEMPLATES / "card.css").read_text(), re.DOTALL)
TEXTS = ("ink", "faint", "link", "supported", "refuted", "inconclusive")


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_every_text_stands_out_from_what_it_is_on(theme):
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", theme))
    pairs = [(text, ground) for text in TEXTS for ground in ("page", "paper", "shade")]
    pairs += [("ink", "band"), ("on-alarm", "alarm")]
    low = {pair: contrast(*(colours[name] for name in pair)) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}
    drawn = [
        ("dot", "band"),
        ("ink", "band"),
        ("dot", "paper"),
        ("bound", "paper"),
        ("alarm", "page"),
    ]
    assert all(contrast(colours[a], colours[b]) >= 3 for a, b in drawn)


def test_there_are_two_themes():
    assert len(THEMES) == 2
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_claim_takes_no_more_than_it_should(made):
    many = made.ledger(*(made.claim(f"L{i}H0") for i in range(100)))
    assert len(report([many], now=made.NOW)) < 100 * 15_000


def test_writing_is_whole_or_not_at_all(tmp_path):
    file = tmp_path / "deep" / "out.html"
    write("first", file)
    file.with_name("out.html.part").mkdir()
    with pytest.raises(OSError, match=r"out\.html\.part"):
        write("second", file)
    assert file.read_text() == "first"
