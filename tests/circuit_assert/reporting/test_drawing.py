"""A claim drawn for a terminal."""

import pytest

from circuit_assert.reporting.drawing import Judgement, drawn
from circuit_assert.reporting.drawing.axis import Axis, interval_drawn
from circuit_assert.reporting.drawing.controls import histogram
from circuit_assert.reporting.regions import bounds_of
from tests.circuit_assert.reporting.made import (
    HOSTILE,
    assertion,
    claim,
    example,
    finding,
    ledger,
)

INF = float("inf")


def text(record, *others, width=100):
    made = ledger(record, assertion(record.claim_id), *others)
    return "\n".join(line.plain for line in drawn([Judgement(record, made)], width))


@pytest.mark.parametrize(
    ("words", "bounds"),
    [
        ("above +0.40", (0.4, INF)),
        ("below -0.001", (-INF, -0.001)),
        ("within ±0.10", (-0.1, 0.1)),
        ("between -1 and +2.5e-05", (-1.0, 2.5e-05)),
        ("the middle third", None),
        ("", None),
    ],
)
def test_bounds_are_read_from_words(words, bounds):
    assert bounds_of(words) == bounds


def test_regions_are_read_as_the_statistics_write_them():
    from circuit_assert.stats.region import above, below, between, within

    for region in (above(0.123456), below(-2e-7), between(-0.5, 12.0), within(0.25)):
        assert bounds_of(str(region)) == (region.low, region.high)


def test_an_interval_lies_over_its_region():
    axis = Axis(0.0, 10.0, 11)
    region = bounds_of("above +4.00")
    assert interval_drawn(axis, region, 7, 6, 9).plain == "····│░┣●━┫░"
    assert interval_drawn(axis, region, 6, 3, 8).plain == "···┣┿━●━┫░░"
    assert interval_drawn(axis, region, 2, None, 3).plain == "◀━●┫│░░░░░░"
    assert interval_drawn(axis, None, 8, 7, None).plain == "·······┣●━▶"


def test_the_claims_own_number_is_marked_among_others():
    bars, marks, labels = [line.plain for line in histogram([0.0, 0.0, 0.0, 1.0], 2.0, 23)]
    assert bars.index("█") == 1
    assert bars.index("▃") == 11
    assert marks.index("▲") == 21
    assert "+2.00, this claim" in marks
    assert labels.split() == ["+0.000", "+1.00"]


def test_every_part_of_a_claim_is_there():
    record = claim(
        findings=(
            finding(
                expected="attention above +0.40",
                clusters={"seed": 1},
                units=2,
                cluster_means={"seed": {"s1": 0.7, "s2": 0.9}},
                others=(0.1, 0.2, 0.3),
                interventions=("zero ablation of L5H1",),
                prompts="repeated",
                lowest=(example(0.1, "the lowest prompt"),),
                highest=(example(0.9, ""),),
                notes=("one was dropped",),
            ),
            finding(name="rank", role="guard", verdict="refuted", effect=None, reason="third",
                    value=3.0, others=(1.0, 2.0)),
        ),
        arguments={"by": "0.4"},
        source="Olsson 2022",
    )  # fmt: skip
    said = text(record)
    for part in (
        "L5H1 is an induction head in gemma: ✓ supported",
        "asserted, holds",
        "t.py::test_a (t.py:4)",
        "pattern: ✓ supported",
        "+0.790 [+0.760, +0.820] attention; 2 units in 1 seed",
        "┣",
        "rank (guard): ✗ refuted",
        "found        third",
        "s2    +0.900",
        "pattern: 3 others from +0.100 to +0.300, median +0.200",
        "rank: 2 others",
        "+3.00, this claim",
        "lowest    +0.100  the lowest prompt",
        "highest   +0.900  (prompt 3; its text is not known)",
        "zero ablation of L5H1",
        "by=0.4",
        "one was dropped",
        "Olsson 2022",
        "2026-11-22 00:33  no commit",
    ):
        assert part in said, part
    assert said.index("s2 ") < said.index("s1 ")


def test_clusters_and_prompts_are_of_the_criterion_that_decides_or_of_all():
    both = tuple(
        finding(name=name, cluster_means={"seed": {f"{name}1": 0.5}}, lowest=(example(0.1, name),))
        for name in ("first", "second")
    )
    record = claim(findings=both, headline=1)
    judgements = [Judgement(record, ledger(record))]
    said, more = (
        "\n".join(line.plain for line in drawn(judgements, 100, every=every))
        for every in (False, True)
    )
    assert ("first1" in said, "second1" in said) == (False, True)
    assert ("first1" in more, "second1" in more) == (True, True)
    assert ("+0.100  first" in said, "+0.100  first" in more) == (False, True)


def test_an_intervention_is_named_once_with_its_criteria():
    use = [finding(name=name, interventions=("zero ablation of L5H1",)) for name in ("a", "b")]
    said = text(claim(findings=tuple(use)))
    assert said.count("zero ablation of L5H1, for: a, b") == 1


def test_many_clusters_are_shown_as_a_spread_and_its_ends():
    means = {f"t{index}": index / 60 for index in range(60)}
    said = text(claim(findings=(finding(cluster_means={"template": means}),)))
    assert "60 templates" in said
    assert "… 50 between …" in said
    assert [name in said for name in ("t59 ", "t55 ", "t54 ", "t5 ", "t4 ", "t0 ")] == [
        True, True, False, False, True, True
    ]  # fmt: skip


def test_the_latest_judgement_is_drawn_and_every_run_is_in_the_history():
    runs = []
    for day in range(1, 14):
        verdict = "refuted" if day < 13 else "supported"
        record = claim("a", verdict, at=f"2026-11-{day:02}T10:00:00+00:00")
        runs.append(Judgement(record, ledger(record, git_commit="abcdef0123", git_dirty=day == 13)))
    said = "\n".join(line.plain for line in drawn(runs, 100))
    assert said.startswith("L5H1 is an induction head in gemma: ✓ supported")
    history = said.split("History")[1].splitlines()[1:]
    assert len(history) == 11
    assert history[0].startswith("  2026-11-13 10:00  abcdef01 *  ✓ supported")
    assert history[1].startswith("  2026-11-12 10:00  abcdef01    ✗ refuted")
    assert history[-1] == "  … 3 earlier"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_hostile_text_is_written_out_and_bars_fit(width):
    record = claim(
        words=HOSTILE,
        model=HOSTILE,
        reason=HOSTILE,
        findings=(
            finding(
                name=HOSTILE, expected=HOSTILE, unit=HOSTILE, prompts=HOSTILE,
                cluster_means={HOSTILE: {HOSTILE: 0.5}}, interventions=(HOSTILE,),
                lowest=(example(0.1, HOSTILE * 9),), notes=(HOSTILE,), others=(0.1,),
            ),
        ),
        arguments={HOSTILE: HOSTILE},
    )  # fmt: skip
    for line in text(record, width=width).splitlines():
        assert line.isprintable()
    assert "\\x1b[31mred" in text(record)
    for line in text(claim(), width=width).splitlines():
        if "●" in line:
            assert len(line) <= width
