"""Tests of one model stay together, unless cutting them ends the run sooner; none is lost."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from pytest_circuit_assert.distribution.census import Census, ModelNeeds, TestNeeds
from pytest_circuit_assert.distribution.parcels import dealt, parcels, smaller


def needs(name="m", loading=10.0):
    return ModelNeeds(name, "cpu", 1 << 30, loading)


def census(*tests, runs=(), models=1, loading=10.0):
    """Tests given as (models, runs)."""
    known = tuple(needs(f"m{n}", loading) for n in range(models))
    return Census(known, tuple(TestNeeds(*test) for test in tests), tuple(runs))


def places(made):
    return sorted(test for parcel in made for test in parcel.tests)


def test_each_model_is_one_parcel_and_the_longest_comes_first():
    taken = census(
        ((0,), (0,)), ((1,), (1,)), ((0,), (0,)), ((1,), (2,)), runs=(1, 20, 2), models=2
    )
    made = parcels(taken, 2)
    assert [(parcel.model, parcel.tests, parcel.seconds) for parcel in made] == [
        (1, (1, 3), 32.0),
        (0, (0, 2), 11.0),
    ]


def test_a_model_is_cut_when_that_ends_the_run_sooner():
    taken = census(*[((0,), (n,)) for n in range(10)], runs=[30.0] * 10)
    made = parcels(taken, 2)
    assert [(len(parcel.tests), parcel.seconds) for parcel in made] == [(5, 160.0), (5, 160.0)]
    assert places(made) == list(range(10))
    assert len(parcels(taken, 1)) == 1


def test_two_models_on_four_processes_are_both_cut():
    tests = [((model,), (model * 10 + n,)) for model in (0, 1) for n in range(10)]
    made = parcels(census(*tests, runs=[30.0] * 20, models=2), 4)
    assert Counter(parcel.model for parcel in made) == {0: 2, 1: 2}


def test_a_cut_that_costs_more_loading_than_it_saves_is_not_made():
    taken = census(*[((0,), (n,)) for n in range(10)], runs=[0.5] * 10, loading=60.0)
    assert len(parcels(taken, 2)) == 1


def test_tests_that_share_their_runs_are_not_cut_apart():
    shared = census(*[((0,), (0,)) for _ in range(10)], runs=[300.0])
    assert len(parcels(shared, 2)) == 1
    in_turns = census(*[((0,), (n % 2,)) for n in range(10)], runs=[300.0, 300.0])
    made = parcels(in_turns, 2)
    assert sorted(parcel.tests for parcel in made) == [(0, 2, 4, 6, 8), (1, 3, 5, 7, 9)]


def test_tests_of_no_claims_come_last_in_chunks():
    taken = census(*[((), ())] * 40, ((0,), (0,)), runs=[1.0])
    made = parcels(taken, 2)
    assert made[0].tests == (40,)
    assert [len(parcel.tests) for parcel in made[1:]] == [5] * 8
    assert places(made) == list(range(41))


def test_a_test_of_two_models_goes_with_the_one_that_loads_longest():
    models = (needs("small", 5.0), needs("big", 50.0))
    taken = Census(models, (TestNeeds((0, 1), (0,)), TestNeeds((1,), (1,))), (1.0, 1.0))
    (made,) = parcels(taken, 4)
    assert (made.model, made.tests, made.seconds) == (1, (0, 1), 57.0)


def test_a_parcel_that_was_too_much_comes_back_smaller_then_one_by_one():
    taken = census(*[((0,), (n,)) for n in range(20)], runs=[1.0] * 20)
    (whole,) = parcels(taken, 1)
    eighths = smaller(taken, whole, 8)
    assert [len(each.tests) for each in eighths] == [3, 3, 3, 3, 3, 3, 2]
    assert all(each.together for each in eighths)
    singles = smaller(taken, eighths[0], 8)
    assert [each.tests for each in singles] == [(0,), (1,), (2,)]
    assert not any(each.together for each in singles)


def test_what_travels_between_processes_comes_back_the_same():
    taken = census(((0,), (0,)), ((), ()), runs=[1.5])
    assert Census.of(taken.plain()) == taken


seconds = st.floats(0.01, 1000)


@st.composite
def censuses(draw):
    models = draw(st.integers(1, 4))
    runs = draw(st.lists(seconds, min_size=1, max_size=12))
    of = st.tuples(
        st.lists(st.integers(0, models - 1), max_size=2, unique=True).map(tuple),
        st.lists(st.integers(0, len(runs) - 1), max_size=4, unique=True).map(tuple),
    )
    tests = draw(st.lists(of, min_size=1, max_size=30))
    return census(*tests, runs=runs, models=models, loading=draw(seconds))


@given(censuses(), st.integers(1, 9))
def test_every_test_is_in_one_parcel_and_cutting_is_never_slower(taken, processes):
    made = parcels(taken, processes)
    assert places(made) == list(range(len(taken.tests)))
    hands = dealt(made, processes)
    assert [parcel for hand in hands for parcel in hand if parcel.tests]
    assert len(hands) == processes
    whole = [parcel for parcel in parcels(taken, 1) if parcel.model is not None]
    ours = [parcel for parcel in made if parcel.model is not None]
    assert end(ours, processes) <= end(whole, processes) + 1e-6


def end(made, processes):
    return max(sum(parcel.seconds for parcel in hand) for hand in dealt(made, processes))


def test_tests_that_all_may_be_skipped_take_no_time_and_are_shared_out():
    made = parcels(census(((0,), ()), ((0,), ())), 2)
    assert [(parcel.tests, parcel.seconds) for parcel in made] == [((0, 1), 0)]
