"""Self-repair on models built with a head that steps in for another one, and with decoys."""

from dataclasses import replace

import pytest
import torch

from circuit_assert import Session, indirect_effect_is, later_layers_repair
from circuit_assert.claims.decompositions import DirectPart, TotalAtFinalScale
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.interventions import Ablation
from circuit_assert.models.planted_models import lookup_prompts, repair_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = repair_model(effect=2.0, repair=1.2)
NORMED = repair_model(effect=2.0, repair=1.2, norm=True)
PROMPTS = lookup_prompts()


def repaired(model, address, *, by=0.3, on=PROMPTS, **arguments):
    return later_layers_repair(model[address], on=on, by=by, **arguments).check()


def indirect(model, address, **arguments):
    return indirect_effect_is(model[address], on=PROMPTS, **arguments).check()


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@pytest.mark.parametrize("ablation", ["mean", "resample", "zero"])
@pytest.mark.parametrize("at", ["end", None])
def test_what_another_head_steps_in_for_is_repaired(model_of, ablation, at):
    evidence = repaired(model_of(PLANTED), "L0H0", ablation=ablation, at=at)
    assert evidence.verdict is SUPPORTED
    said = "Later layers repair the ablation of L0H0 by 0.3 with the final norm's scale frozen"
    assert said in evidence.sentence
    found = finding(evidence, "repair")
    assert found.effect == pytest.approx(1.2 / 2.0, abs=0.02)
    assert found.low > 0.3
    assert "repaired 0.59, the final scale frozen" in found.notes[-1]
    assert "0.59, with it free" in found.notes[-1]


def test_more_than_is_repaired_is_refuted(model_of):
    assert repaired(model_of(PLANTED), "L0H0", by=0.8).verdict is REFUTED


@pytest.mark.parametrize("head", ["L0H1", "L0H3"])
def test_what_nobody_makes_up_for_or_others_add_to_is_refuted(model_of, head):
    evidence = repaired(model_of(PLANTED), head)
    assert evidence.verdict is REFUTED
    assert finding(evidence, "direct effect").verdict is SUPPORTED


@pytest.mark.parametrize("head", ["L0H2", "L1H0", "L0H5"])
def test_what_takes_nothing_directly_decides_nothing(model_of, head):
    evidence = repaired(model_of(PLANTED), head)
    assert evidence.verdict is INCONCLUSIVE
    assert finding(evidence, "repair").verdict is not SUPPORTED


def test_what_writes_no_answer_has_nothing_that_could_be_repaired(model_of):
    reason = repaired(model_of(PLANTED), "L0H2").reason
    assert "nothing is taken that could be repaired: direct effect" in reason
    assert "does not do the task" not in reason


def test_a_head_steps_in_behind_norms_too(model_of):
    assert repaired(model_of(NORMED), "L0H0").verdict is SUPPORTED


def test_rescaling_by_the_final_norm_is_told_from_what_layers_write(model_of):
    """L0H1 is loud: without it the final norm makes all else larger."""
    frozen, free = (
        repaired(model_of(NORMED), "L0H1", final_scale=scale) for scale in ("frozen", "free")
    )
    assert frozen.verdict is REFUTED
    assert finding(free, "repair").verdict is SUPPORTED
    assert "with the final norm's rescaling included" in free.sentence


def test_indirect_effects_have_the_sign_of_what_others_make_of_it(model_of):
    model = model_of(PLANTED)
    assert indirect(model, "L0H0", by=-0.8).verdict is SUPPORTED
    assert indirect(model, "L0H0", by=0.1).verdict is REFUTED
    assert indirect(model, "L0H2", by=1.0).verdict is SUPPORTED
    assert indirect(model, "L0H3", by=0.5).verdict is SUPPORTED
    assert indirect(model, "L0H1", by=0.1).verdict is REFUTED
    assert indirect(model, "L0H1", within=0.1).verdict is SUPPORTED


def test_a_model_that_does_not_do_the_task_decides_nothing(model_of):
    prompts = tuple(replace(p, answer=p.foil, foil=p.answer) for p in PROMPTS.prompts)
    evidence = repaired(model_of(PLANTED), "L0H0", on=replace(PROMPTS, prompts=prompts))
    assert evidence.verdict is INCONCLUSIVE
    assert "does not do the task" in evidence.reason


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("final_scale", ["frozen", "free"])
def test_nothing_is_supported_of_a_model_with_random_weights(seed, final_scale):
    session = Session()
    model = session.model(NORMED.with_random_weights(seed))
    claims = [
        later_layers_repair(head, on=PROMPTS, by=0.1, final_scale=final_scale)
        for head in model.heads().each()
    ]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


@pytest.mark.parametrize("planted", [PLANTED, NORMED], ids=["plain", "normed"])
def test_the_parts_are_what_a_plain_run_gives(model_of, planted):
    """One head at the end set to the mean of its template's other prompts, by hand."""
    model = model_of(planted)
    how = Ablation(model["L0H0"].components, at="end")
    explore = model.explore()
    direct, total = (explore(part(PROMPTS, how)).values for part in (DirectPart, TotalAtFinalScale))
    weights = {name: tensor.double() for name, tensor in planted.state_dict().items()}
    unit, tokens, z = 0, *_plain_inputs(planted, model)
    partners = [n for n in range(6) if n != unit]
    stand_in = torch.stack([z[n] for n in partners]).mean(0)
    width = planted.card.d_head
    lost = weights["layers.0.attn.o.weight"][:, :width] @ (z[unit] - stand_in).double()
    answer, foil = (
        planted.vocabulary.index(t)
        for t in (PROMPTS.prompts[unit].answer, PROMPTS.prompts[unit].foil)
    )
    toward = weights["head.weight"][answer] - weights["head.weight"][foil]
    gain = weights.get("ln_out.weight", torch.ones(planted.card.d_model).double())
    clean = _final(planted, tokens[unit])
    scale = clean.pow(2).mean().sqrt() if planted is NORMED else 1.0
    assert direct[unit] == pytest.approx(float(lost @ (toward * gain) / scale), rel=1e-4)
    ablated = _final(planted, tokens[unit], stand_in)
    dropped = (clean - ablated) @ (toward * gain) / scale
    assert total[unit] == pytest.approx(float(dropped), rel=1e-4)


def _bridge(planted):
    from circuit_assert.backends.transformer_lens import boot_planted

    return boot_planted(planted, dtype=torch.float32, device=torch.device("cpu"))


def _plain_inputs(planted, model):
    tokens = [torch.tensor([0, *model.tokenizer.encode(p.text)])[None] for p in PROMPTS.prompts[:6]]
    bridge, seen = _bridge(planted), []
    for row in tokens:
        keep = lambda z, hook: seen.append(z[0, -1, 0].detach().clone())  # noqa: E731
        bridge.run_with_hooks(row, fwd_hooks=[("blocks.0.attn.hook_z", keep)])
    return tokens, seen


def _final(planted, row, stand_in=None):
    seen = []

    def take(residual, hook):
        seen.append(residual[0, -1].detach().double())

    def put(z, hook):
        if stand_in is not None:
            z = z.clone()
            z[0, -1, 0] = stand_in
        return z

    hooks = [("blocks.0.attn.hook_z", put)]
    hooks.append(
        ("blocks.1.hook_resid_post", lambda x, hook: seen.append(x[0, -1].detach().double()))
    )
    _bridge(planted).run_with_hooks(row, fwd_hooks=hooks)
    return seen[0]


def test_bad_arguments_fail_before_anything_is_measured(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ClaimError, match="a share of the direct effect"):
        repaired(model, "L0H0", by=-0.2)
    with pytest.raises(ClaimError, match='"frozen" or "free"'):
        repaired(model, "L0H0", final_scale="thawed")
    with pytest.raises(ComponentError, match="later_layers_repair is about heads and MLPs"):
        repaired(model, "L0N3")
    with pytest.raises(ComponentError, match="indirect_effect_is is about heads and MLPs"):
        indirect(model, "L0N3", by=1.0)
    with pytest.raises(ClaimError, match="by= or within="):
        indirect(model, "L0H0", by=1.0, within=1.0)
