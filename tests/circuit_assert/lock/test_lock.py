"""What a lock holds of a claim, and that its file gives it back."""

from dataclasses import replace

import pytest

from circuit_assert import Session, ablation_drops_logit, head_is_induction, some_head_is
from circuit_assert.lock import Entry, Lock, LockError, declared, problems, read_lock, write_lock
from circuit_assert.lock.file import changes, lock_text, parse_lock
from circuit_assert.models.planted_models import induction_model, lookup_model, lookup_prompts

TEST = "test_x.py::test_y"
PROMPTS = lookup_prompts(per_template=2)


@pytest.fixture(scope="module")
def planted():
    return Session().model(lookup_model())


@pytest.fixture(scope="module")
def drop(planted):
    def claim(head="L1H0", by=0.5, **options):
        return declared(ablation_drops_logit(planted[head], on=PROMPTS, by=by, **options))

    return claim


def locked(*claims, test=TEST, polarity="asserted"):
    return Lock(tuple(Entry(test, polarity, each) for each in claims))


def test_nothing_is_loaded_to_know_what_a_claim_declares(planted, drop):
    claim = drop()
    first = claim.criteria[0]
    assert "above +0.50" in {each.region for each in claim.criteria}
    assert any(f"#{PROMPTS.fingerprint}" in name for name in first.prompts)
    said = [words for each in claim.criteria for words in each.interventions]
    assert any("mean ablation" in words and "L1H0" in words for words in said)


def test_the_file_gives_back_what_it_was_given(tmp_path, drop):
    made = Lock(
        (Entry(TEST, "denied", drop()), Entry('t["<>|\n\u202e日本"]', "unknown", drop("L0H1"))),
        {"test_z.py::test": "it prints\nthings"},
    )
    path = tmp_path / "claims.lock"
    write_lock(path, made)
    assert read_lock(path).by_key == made.by_key
    assert read_lock(path).unknown == made.unknown
    assert [each.name for each in tmp_path.iterdir()] == ["claims.lock"]


def test_the_text_does_not_depend_on_the_order_of_tests(drop):
    one, other = Entry("a", "asserted", drop()), Entry("b", "denied", drop("L0H1"))
    assert lock_text(Lock((one, other))) == lock_text(Lock((other, one, one)))


def test_a_claim_as_locked_has_no_problem(drop):
    assert problems(locked(drop()), TEST, drop(), "asserted") == ()
    assert problems(locked(drop()), "elsewhere.py::t", drop(), "asserted") == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": 0.1}, "by is 0.1, and locked as 0.5"),
        ({"by": 0.1}, 'the threshold of "total effect" is above +0.10, and locked as above +0.50'),
        ({"ablation": "zero"}, "ablation is zero, and locked as mean"),
        ({"ablation": "zero"}, "is zero ablation of L1H0"),
    ],
)
def test_what_differs_is_named(drop, options, said):
    found = problems(locked(drop()), TEST, drop(**options))
    assert any(said in each for each in found), found


def test_other_prompts_are_named(planted, drop):
    other = lookup_prompts(per_template=3)
    now = declared(ablation_drops_logit(planted["L1H0"], on=other, by=0.5))
    found = problems(locked(drop()), TEST, now)
    assert any(f"on is lookup#{other.fingerprint}, and locked as lookup#" in each for each in found)


def test_a_control_that_is_no_longer_there_is_named(drop):
    claim = drop()
    *most, last = claim.criteria
    found = problems(locked(claim), TEST, replace(claim, criteria=tuple(most)))
    assert found == (f'criterion "{last.name}" is no longer there',)


def test_polarity_is_held_against_it_only_where_it_is_known(drop):
    lock = locked(drop(), polarity="denied")
    assert problems(lock, TEST, drop(), "asserted") == ("it is asserted, and locked as denied",)
    assert problems(lock, TEST, drop(), "unknown") == ()
    assert problems(locked(drop(), polarity="unknown"), TEST, drop(), "asserted") == ()


def test_what_is_not_in_the_lock_has_a_nearest(drop):
    (said,) = problems(locked(drop("L0H1"), drop("L0H2")), "other.py::t", drop())
    assert said.startswith("it is not in the lock; the nearest there is")
    assert problems(Lock(), TEST, drop()) == ("it is not in the lock, which is empty",)


def test_members_of_a_family_are_locked_all():
    handle = Session().model(induction_model())

    def claim(by):
        family = some_head_is(head_is_induction, handle.heads(layers=(0, 1)), by=by)
        return declared(family)

    one, other = claim(0.3), claim(0.2)
    assert one.members != other.members
    found = problems(locked(one), TEST, other)
    assert any("its members are" in each for each in found)


def test_what_a_new_lock_changes_is_counted(drop):
    old = locked(drop("L0H1"), drop("L0H2"))
    new = Lock((*locked(drop("L0H1"), polarity="denied").entries, *locked(drop("L0H3")).entries))
    assert changes(old, new) == {"new": 1, "changed": 1, "removed": 1}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "claims": [{}]}', '{"format": 2, "claims": []}']
)
def test_what_is_no_lock_is_refused(text):
    with pytest.raises(LockError, match="circuit-assert lock"):
        parse_lock(text, "claims.lock")
