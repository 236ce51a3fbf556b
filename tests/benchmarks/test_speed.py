"""The speed benchmarks compare like with like, and say when they do not."""

import json
import sys
import time

import numpy as np
import pytest
import torch
from transformers import LlamaConfig

from benchmarks import __main__ as command
from benchmarks.speed import devices, floor, growth, memory, suites, sweeps
from benchmarks.speed.paired import Timed, compare
from circuit_assert import Session, ablation_drops_logit, attention_to, claim, contrast
from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.execution.cost import flops
from circuit_assert.measurements import LogitDifference
from circuit_assert.measurements.activations import Kept
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.models.spec import spec_of


@pytest.fixture(scope="module")
def task():
    spec = spec_of(lookup_model())
    return sweeps.Task(load(spec), lookup_prompts(templates=4, per_template=3), spec)


def test_the_usual_ablation_gives_the_same_numbers(task):
    timed = sweeps.mean_ablation(task, turns=1)
    assert timed.size > 1
    assert timed.difference < 1e-4
    assert timed.name == "mean ablation of 16 heads, 12 prompts"


def test_the_usual_patching_gives_the_same_numbers(task, capsys):
    timed = sweeps.patching(task, turns=1)
    assert timed.size > 1
    assert timed.difference < 1e-4
    assert not capsys.readouterr().err


def test_ways_that_do_not_agree_are_not_compared():
    with pytest.raises(ValueError, match="differ by 1, of 3"):
        compare("sums", lambda: np.array([3.0]), lambda: np.array([2.0]))
    with pytest.raises(ValueError, match="differ by nan"):
        compare("sums", lambda: np.array([3.0]), lambda: np.array([np.nan]))


def test_a_ratio_is_that_of_turns_taken_one_after_the_other():
    timed = Timed("sums", usual=(2.0, 6.0, 9.0), ours=(1.0, 2.0, 1.0), difference=0.0, size=1.0)
    assert timed.ratio == 3.0


def test_what_neither_way_has_a_number_for_is_no_difference():
    both = np.array([1.0, np.nan])
    assert compare("sums", lambda: both, lambda: both, turns=1).difference == 0.0


def test_the_floor_counts_each_head_s_own_layer_and_those_above(task):
    found = floor.of_ablation(task)
    card, on = task.backend.card, (task.backend.tokenizer, task.tokenized, "clean")
    whole, upper = (flops(card, *on, [LogitDifference()], start=start) for start in (0, 1))
    kept = flops(card, *on, [Kept(Site(1, "z"))])
    assert found.needed == card.heads * (whole + upper) + kept
    assert found.ratio > 1


def test_whole_runs_give_the_numbers_of_the_engine(monkeypatch):
    model = Session().model(lookup_model())
    prompts = lookup_prompts(templates=8, per_template=4)
    claims = [
        *(dropped(model, head, prompts) for head in ("L1H0", "L1H3")),
        claim("reads the cue")(
            lambda: contrast(attention_to(model["L1H0"], "cue"), versus=0.0, on=prompts, by=0.1)
        )(),
    ]
    monkeypatch.setattr(suites, "shipped_claims", lambda name: claims)
    beside, above = suites.together_and_apart("lookup")
    assert (beside.claims, beside.alike, len(beside.usual)) == (3, 3, 3)
    assert all(seconds > 0 for seconds in beside.usual)
    assert beside.size > 1
    assert above.seconds == beside.ours
    assert above.needed > 0


def test_claims_that_were_not_judged_the_usual_way_count_as_those_that_were():
    beside = suites.Suite("a", 5, 4, usual=(1.0, 3.0), ours=2.0, difference=0.0, size=1.0)
    assert beside.ratio == 4.0  # four claims at two seconds, beside two seconds
    low, high = beside.interval
    assert 2.0 <= low < 4.0 < high <= 6.0
    whole = suites.Suite("a", 2, 2, usual=(1.0, 3.0), ours=2.0, difference=0.0, size=1.0)
    assert whole.interval == (2.0, 2.0)


def test_the_usual_way_runs_every_block_and_all_logits(monkeypatch, task):
    whole = suites.WholeRuns(task.backend, task.bridge)
    tokens = torch.from_numpy(task.tokenized.tokens["clean"][0])[None]
    before = task.backend.blocks_run
    unembedded = []
    unembed = task.bridge.unembed
    handle = unembed.register_forward_hook(lambda _, __, out: unembedded.append(out.shape))
    try:
        left = whole.run(tokens, reads={}, edits={}, last_layer=0)
    finally:
        handle.remove()
    assert unembedded == [(1, tokens.shape[1], task.backend.card.vocabulary)]
    torch.testing.assert_close(
        left, task.backend.run(tokens, reads={}, edits={}, last_layer=0), rtol=1e-5, atol=1e-5
    )
    assert task.backend.blocks_run == before + 1  # only the second is counted


def test_the_usual_way_has_nothing_of_the_engine_s_in_its_model(task):
    """Layers that multiply otherwise, norms that are computed once: all is the engine's."""
    ours, plain = (
        [each for each in bridge.modules() if "forward" in vars(each)]
        for bridge in (task.backend._bridge, task.bridge)
    )
    assert ours
    assert not plain


def test_the_shipped_claims_are_learned_without_a_model():
    claims = suites.shipped_claims("gemma-3-270m")
    assert len({each.id for each in claims}) == len(claims) > 10
    assert {each.model.spec.name for each in claims} == {"gemma-3-270m"}


def test_growth_counts_blocks_that_run(task):
    upper = growth._swept(task, "the upper layer", [1])
    both = growth._swept(task, "both layers", [0, 1])
    assert upper.work.runs > 0
    assert upper.blocks < both.blocks
    assert upper.work.needed_flops < both.work.needed_flops


def test_growth_with_claims_takes_as_many_as_it_says(monkeypatch):
    monkeypatch.setattr(growth, "mixed_claims", lambda handle, count: [few(handle)] * count)
    found = list(growth.with_claims(lookup_model()))
    assert [each.name for each in found] == [f"{n} claims" for n in (25, 50, 100, 200)]
    assert len({each.blocks for each in found}) == 1  # one claim, however often


def few(handle):
    return dropped(handle, "L1H0", lookup_prompts(templates=4, per_template=4))


def dropped(model, head, prompts):
    return ablation_drops_logit(model[head], on=prompts, by=0.5, off_task=lookup_documents())


def test_the_peak_of_memory_is_noticed():
    peak = memory.Peak(torch.device("cpu"))
    before, patience = peak.bytes, time.monotonic() + 30
    with peak.watched():
        held = torch.ones(50_000_000)
        # the thread that looks may be kept waiting on a busy machine
        while peak.bytes - before < 150_000_000 and time.monotonic() < patience:
            time.sleep(0.01)
        del held
    assert peak.bytes - before > 150_000_000


def test_memory_of_a_sweep_is_that_beside_the_model(task):
    found = memory.of_sweep(task)
    assert 0 < found.before <= found.peak
    assert found.cells["what"] == "mean ablation of 16 heads, 12 prompts"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_random_model_of_any_shape_is_swept(dtype):
    config = LlamaConfig(
        vocab_size=1002, hidden_size=64, intermediate_size=128, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    )  # fmt: skip
    found = devices.sweep_on(config, "small", "cpu", dtype, prompts=8)
    assert found.name == "small: 12 heads, 8 prompts"
    assert found.tokens == 8 * 16 * 12
    assert 0 < found.share < 1


def test_the_command_prints_a_table_and_writes_it(monkeypatch, capsys, tmp_path, task):
    monkeypatch.setattr(sweeps, "load_task", lambda model, prompts: task)
    path = tmp_path / "speed.json"
    monkeypatch.setattr(suites, "above_the_floor", lambda model: floor.of_ablation(task))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "sweep", "floor", "--json", str(path)])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert "| mean ablation of 16 heads, 12 prompts |" in said
    assert "| what | usual way | engine | ratio | turns | numbers differ by |" in said
    assert "| times the floor |" in said
    names = [each["benchmark"] for each in json.loads(path.read_text())]
    assert names == ["sweep", *["floor"] * 3]  # a sweep, and what ships about two models


def test_an_unknown_name_is_an_error_that_names_those_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "swep"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there is no 'swep'; there are sweep, suites, patching" in capsys.readouterr().err
