"""Fixtures: handles on models, and prompts. None of them owns weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, TypeGuard, Union

import pytest

from pytest_circuit_assert.judgements.trials import TRIALS
from pytest_circuit_assert.options import OPTIONS
from pytest_circuit_assert.progress import PROGRESS

if TYPE_CHECKING:
    from circuit_assert.models.model import Model
    from circuit_assert.models.planted import PlantedModel
    from circuit_assert.prompts import PromptSet
    from circuit_assert.prompts.repeated import RepeatedTokens
    from circuit_assert.session import Session

Named: TypeAlias = Union[str, Path, "PlantedModel"]
"""A model, as users name it."""


class _Options(TypedDict):
    """What `Session.model` takes besides."""

    revision: str | None
    device: str | None
    dtype: str | None
    memory: str | int | None


_SESSION: pytest.StashKey[Session] = pytest.StashKey()


def model_fixture(
    model: Named | Sequence[Named],
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    memory: str | int | None = None,
) -> Any:  # noqa: ANN401 - what pytest.fixture returns has no public type
    """A fixture that gives a handle on a model; its weights load when a claim is first judged.

    Given a list, each test that uses it runs once for each model: `test_it[step1000]`.

    Args:
        model: A zoo name, a hub name (of a revision: "owner/name@revision"), a folder, a planted
            model, or a list of these.
        revision: Of a hub model.
        device: As "cpu", "cuda:1", "auto" or "cuda:0,cuda:1"; that of `--claims-device` by default.
        dtype: As "float32" or "bfloat16"; that of `--claims-dtype` by default.
        memory: What loading and measuring it takes at most, as "12GiB" or in bytes; by default
            it is estimated. It limits nothing: it says beside what else the model fits.

    Raises:
        ModelError: for a list without models or with one twice, and for a revision in a list that
            is given twice or that a model cannot have.

    Example:
        >>> gemma = model_fixture("gemma-3-270m")
        >>> pythia = model_fixture([f"EleutherAI/pythia-70m@step{n}" for n in (1000, 2000)])
    """
    options = _Options(revision=revision, device=device, dtype=dtype, memory=memory)
    if not _are_several(model):
        return _one(model, options)
    models, names = _named(model, revision)

    @pytest.fixture(scope="session", params=models, ids=names)
    def handle_of_each(request: pytest.FixtureRequest, claims_session: Session) -> Model:
        return claims_session.model(request.param, **options)

    return handle_of_each


def checkpoints_fixture(
    models: Sequence[Named],
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    memory: str | int | None = None,
) -> Any:  # noqa: ANN401 - likewise
    """A fixture that gives handles on several models at once, in order: what `emerges` is about.

    Args:
        models: As `model_fixture` takes them, the earliest first.
        revision: Of hub models.
        device: As "cpu" or "cuda:1"; that of `--claims-device` by default.
        dtype: As "float32" or "bfloat16"; that of `--claims-dtype` by default.
        memory: Of each, as for `model_fixture`.

    Raises:
        ModelError: as for `model_fixture`.

    Example:
        >>> steps = checkpoints_fixture([f"EleutherAI/pythia-70m@step{n}" for n in (512, 1000)])
    """
    options = _Options(revision=revision, device=device, dtype=dtype, memory=memory)
    these, _ = _named(models, revision)

    @pytest.fixture(scope="session")
    def handles(claims_session: Session) -> tuple[Model, ...]:
        return tuple(claims_session.model(each, **options) for each in these)

    return handles


def _one(model: Any, options: _Options) -> Any:  # noqa: ANN401 - no list, whatever it is
    @pytest.fixture(scope="session")
    def handle(claims_session: Session) -> Model:
        return claims_session.model(model, **options)

    return handle


def _are_several(models: Named | Sequence[Named]) -> TypeGuard[Sequence[Named]]:
    return isinstance(models, (list, tuple))


def _named(
    models: Named | Sequence[Named], revision: str | None
) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """The models of a list, and what reports will call them."""
    from circuit_assert.errors import ModelError
    from circuit_assert.models.spec import name_of

    if not _are_several(models):
        raise ModelError(f"one model is no list of checkpoints: give several; got {models!r}.")
    names = tuple(name_of(each, revision) for each in models)
    if not names:
        raise ModelError('a list of models has one at least, as ["gemma-3-270m"].')
    if twice := [name for name in names if names.count(name) > 1]:
        raise ModelError(
            f"{twice[0]} is in the list twice: models are told apart by name (of a folder, its "
            f"last part)."
        )
    return tuple(models), names


@pytest.fixture(scope="session")
def claims_session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """The session that judges the claims of this process; it keeps one model's weights at most."""
    session = session_of(request.config)
    yield session
    session.close()


def session_of(config: pytest.Config) -> Session:
    """What `claims_session` gives, also before a test asks for it."""
    if _SESSION not in config.stash:
        config.stash[_SESSION] = _new_session(config)
    return config.stash[_SESSION]


def close_session(config: pytest.Config) -> None:
    """Free the loaded model; no test may have asked for the fixture that would."""
    if _SESSION in config.stash:
        config.stash[_SESSION].close()


def _new_session(config: pytest.Config) -> Session:
    from circuit_assert.session import Session

    options, progress = config.stash[OPTIONS], config.stash[PROGRESS]
    session = Session(
        false_pass_rate=options.false_pass_rate,
        device=options.device,
        dtype=options.dtype,
        cache=options.cache,
        memory=options.memory,
        progress=progress.report,
    )
    session.on_judged.append(progress.finish)
    config.stash[TRIALS].observe(session)
    return session


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest, claims_session: Session) -> Model:
    """The model that `--claims-model` names."""
    name = request.config.stash[OPTIONS].model
    if name is None:
        pytest.fail(
            "the `model` fixture means no model: give --claims-model=gemma-3-270m, set "
            "claims_model in the configuration file, or define a fixture of your own: "
            'model = model_fixture("gemma-3-270m").',
            pytrace=False,
        )
    return claims_session.model(name)


@pytest.fixture(scope="session")
def claims_seed(request: pytest.FixtureRequest) -> int:
    """The seed of the prompt fixtures, from `--claims-seed`."""
    return request.config.stash[OPTIONS].seed


@pytest.fixture(scope="session")
def repeated_tokens(claims_seed: int) -> RepeatedTokens:
    """Random tokens said twice, with a fresh second half as the corrupt side."""
    from circuit_assert import repeated_tokens as made

    return made(seed=claims_seed)


@pytest.fixture(scope="session")
def ioi(claims_seed: int) -> PromptSet:
    """Indirect object identification."""
    from circuit_assert import ioi as made

    return made(seed=claims_seed)


@pytest.fixture(scope="session")
def plain_text() -> PromptSet:
    """Short English documents in many registers."""
    from circuit_assert import plain_text as made

    return made()


@pytest.fixture(scope="session")
def unrelated() -> PromptSet:
    """English sentence frames that share no task."""
    from circuit_assert import unrelated as made

    return made()
