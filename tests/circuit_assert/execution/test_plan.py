"""Plans are pure: what is merged, what is kept, in which order."""

from circuit_assert.components import Direction, Head, Neuron, Site
from circuit_assert.execution.plan import plan, prerequisites
from circuit_assert.interventions import Ablation, Patch, Steer
from circuit_assert.measurements import AttentionOverPairs, LogitDifference, Loss, Request, Residual
from circuit_assert.measurements.activations import Kept


def test_observations_of_one_side_share_a_pass(sequences, task):
    made = plan(
        [
            Request(Loss(), sequences),
            Request(AttentionOverPairs("induction"), sequences),
            Request(Loss(), sequences),
            Request(Loss(), sequences, "corrupt"),
            Request(LogitDifference(), task),
        ],
        can_resume=True,
    )
    found = [(one.on, one.side, len(one.measurements)) for one in made.passes]
    assert found == [(sequences, "clean", 2), (sequences, "corrupt", 1), (task, "clean", 1)]
    assert not made.sweeps


def test_interventions_share_a_sweep_the_latest_layer_first(sequences):
    under = [Ablation((Head(layer, 0),), "zero") for layer in (0, 2, 1)]
    made = plan([Request(Loss(), sequences, under=u) for u in under], can_resume=False)
    assert not made.passes
    (sweep,) = made.sweeps
    assert [intervention for intervention, _ in sweep.items] == [under[1], under[2], under[0]]
    assert sweep.first_layer == 0


def test_an_intervention_measured_twice_is_made_once(sequences):
    under = Ablation((Head(1, 0),), "zero")
    wanted = [Request(m, sequences, under=under) for m in (Loss(), Loss(places=2), Loss())]
    (sweep,) = plan(wanted, can_resume=False).sweeps
    assert sweep.items == ((under, (Loss(), Loss(places=2))),)


def kept(requests):
    return [(r.measurement.what, r.on, r.side) for r in requests if isinstance(r.measurement, Kept)]


def test_a_mean_keeps_activations_of_its_reference(sequences, task):
    own = Request(Loss(), sequences, "corrupt", Ablation((Head(0, 1),)))
    assert kept(prerequisites(own, can_resume=True)) == [(Site(0, "z"), sequences, "corrupt")]
    under = Ablation((Head(0, 1),), "resample", reference=sequences, reference_side="corrupt")
    other = Request(LogitDifference(), task, "clean", under)
    assert kept(prerequisites(other, can_resume=True)) == [(Site(0, "z"), sequences, "corrupt")]


def test_a_later_edit_keeps_the_residual_that_enters_it(sequences):
    request = Request(Loss(), sequences, "clean", Ablation((Neuron(2, 1), Head(1, 0)), "zero"))
    assert kept(prerequisites(request, can_resume=True)) == [
        (Site(0, "resid_post"), sequences, "clean")
    ]
    assert prerequisites(request, can_resume=False) == []


def test_a_patch_keeps_the_other_side(task):
    request = Request(LogitDifference(), task, "corrupt", Patch((Head(0, 3),), "clean"))
    assert kept(prerequisites(request, can_resume=True)) == [(Site(0, "z"), task, "clean")]


def test_a_direction_needs_residuals_of_both_its_sets(sequences, task):
    site = Site(0, "resid_post")
    direction = Direction(site, task, task.half("test"))
    request = Request(LogitDifference(), task, under=Steer(direction))
    needed = prerequisites(request, can_resume=True)
    assert needed == [Request(Residual(site), task), Request(Residual(site), task.half("test"))]
