"""A model as claims see it: a lazy handle that owns no weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from circuit_assert.circuit_files import circuit_of, read_circuit
from circuit_assert.circuits import Among, Circuit, ModelCircuit
from circuit_assert.components import (
    Component,
    Direction,
    Head,
    Latent,
    NamedPrompts,
    Neuron,
    Site,
    Subject,
    layers_named,
    parse,
    parse_latent,
    parse_site,
)
from circuit_assert.dictionaries.attaching import attached, vector_from
from circuit_assert.dictionaries.dictionary import Dictionary
from circuit_assert.errors import ComponentError
from circuit_assert.models.card import Card
from circuit_assert.models.spec import ModelSpec
from circuit_assert.prompts.base import Prompts, Tokenizer
from circuit_assert.rankings import ModelRanking, Ranking, ranking_of, read_ranking

if TYPE_CHECKING:
    from circuit_assert.measurements.base import AnyRequest, Array


class Court(Protocol):
    """Where claims are judged."""

    @property
    def false_pass_rate(self) -> float:
        """α."""
        ...

    def judge(self, claim: Any, /) -> Any:  # noqa: ANN401 - claims are defined above this module
        """The evidence for a claim."""
        ...

    def measure(self, model: Any, requests: Sequence[Any]) -> list[Any]:  # noqa: ANN401
        """Plain scores, without a claim."""
        ...

    def explore(self, model: Any) -> Callable[[Any], Any]:  # noqa: ANN401
        """A way to measure quantities that leaves nothing behind."""
        ...

    def remembered(self, model: Any, given: tuple[object, ...], make: Callable[[], bytes]) -> bytes:  # noqa: ANN401
        """What is made of a model and of what is given, or was by an earlier run."""
        ...

    def tokenizer(self, model: Any) -> Tokenizer:  # noqa: ANN401
        """A model's tokenizer."""
        ...

    def announce(self, claim: Any, /) -> None:  # noqa: ANN401
        """Take note of a claim that was made."""
        ...

    def asked(self, claim: Any, evidence: Any, /) -> None:  # noqa: ANN401
        """Take note of a claim whose truth was asked for."""
        ...

    def discovered(self, model: Any, components: Sequence[Component], on: Prompts) -> None:  # noqa: ANN401
        """Take note of components that were found on some prompts."""
        ...


@dataclass(frozen=True)
class Model:
    """A handle: hashable, comparable, free to make. Weights load when a claim is first judged.

    Args:
        spec: Which model.
        court: Where its claims are judged.
        dictionaries: Those attached, at most one that reads each layer.
    """

    spec: ModelSpec
    court: Court = field(compare=False, repr=False)
    dictionaries: tuple[Dictionary, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.spec.name

    @property
    def card(self) -> Card | None:
        """Its sizes; None for a hub model that has not been fetched."""
        return self.spec.card()

    @property
    def false_pass_rate(self) -> float:
        """α for claims about it."""
        return self.court.false_pass_rate

    def judge(self, claim: Any, /) -> Any:  # noqa: ANN401
        """The evidence for a claim about it, measured now if need be."""
        return self.court.judge(claim)

    def announce(self, claim: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim about it was made."""
        self.court.announce(claim)

    def asked(self, claim: Any, evidence: Any, /) -> None:  # noqa: ANN401
        """Take note that a claim's truth was asked for."""
        self.court.asked(claim, evidence)

    def measure(self, requests: Sequence[AnyRequest]) -> list[Array]:
        """Plain scores, one array per request: for looking around before a claim is made."""
        return self.court.measure(self, requests)

    def explore(self) -> Callable[[Any], Any]:
        """A way to measure quantities that leaves nothing behind, for searches over prompts."""
        return self.court.explore(self)

    def remembered(self, given: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
        """What is made of it and of what is given, or was by an earlier run of the same code."""
        return self.court.remembered(self, given, make)

    def discovered(self, components: Sequence[Component], on: Prompts) -> None:
        """Take note of components that were found on some prompts, which cannot test them."""
        self.court.discovered(self, components, on)

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer; the model is loaded if it is not."""
        return self.court.tokenizer(self)

    def __getitem__(self, addresses: str | tuple[str, ...]) -> Subject:
        """Components by address: `model["L5H1"]`, or a set: `model["L7H3", "L7H9"]`.

        `model["L9F5617"]` is a latent of the dictionary that was attached at the layer.

        Raises:
            ComponentError: for an address that cannot be read or does not exist in the model.
        """
        given = tuple(addresses) if isinstance(addresses, tuple | list) else (addresses,)
        if not given:
            raise ComponentError("name at least one component, as in model['L5H1'].")
        texts = [isinstance(each, str) for each in given]  # pyright: ignore[reportUnnecessaryIsInstance]
        if not all(texts):
            raise ComponentError(
                f"an address is a text, as model['L5H1']; got {addresses!r}. By numbers it is "
                f"model.head(layer, head)."
            )
        components = tuple(dict.fromkeys(self._component(address) for address in given))
        for component in components:
            self._check(component)
        return Subject(self, components)

    def head(self, layer: int, head: int) -> Subject:
        """One head; the same as `model["L5H1"]`."""
        return self[str(Head(layer, head))]

    def heads(self, *, layers: Iterable[int] | None = None) -> Subject:
        """All heads of some layers, by default of every layer.

        Args:
            layers: As `range(4, 9)`.

        Raises:
            ComponentError: for no layers or one that the model does not have, and for a hub model
                that has not been fetched, whose heads are not known.
        """
        card = self.card
        if card is None:
            raise ComponentError(
                f"{self.name} has not been fetched, so its heads are not known: name them, as in "
                f"model['L5H1', 'L5H2']."
            )
        if isinstance(layers, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ComponentError(f"layers= are several, as layers=[{layers}]; got {layers}.")
        chosen = sorted(set(range(card.layers) if layers is None else layers))
        if not chosen:
            raise ComponentError("heads of no layers: name at least one, as layers=range(4, 9).")
        for layer in chosen:
            self._check_layer(layer, f"L{layer}")
        every = tuple(Head(layer, head) for layer in chosen for head in range(card.heads))
        return Subject(self, every, layers_named(chosen))

    def neuron(self, layer: int, neuron: int) -> Subject:
        """One neuron; the same as `model["L27N1263"]`."""
        return self[str(Neuron(layer, neuron))]

    def direction(self, toward: NamedPrompts, *, versus: NamedPrompts, at: str) -> Subject:
        """The difference of mean residual streams of two prompt sets, at their last token.

        Args:
            toward: Prompts at the direction's head.
            versus: Prompts at its tail.
            at: A site: "L9.resid_post".

        Raises:
            ComponentError: for a site that the model does not have.
        """
        site = parse_site(at)
        self._check_layer(site.layer, at)
        return Subject(self, (Direction(site, toward, versus),))

    def vector(self, file: str | Path, *, at: str, key: str = "", origin: float = 0.0) -> Subject:
        """A direction from a file of numbers: `.npy`, or `.safetensors` with its `key`.

        Args:
            file: Where it is.
            at: A site: "L9.resid_post".
            key: The tensor's name in the file, where it has several.
            origin: The projection from which on it counts as active.

        Raises:
            ComponentError: for a site that the model does not have, and for a file without such
                a vector.
        """
        site = self.site(at)
        width = self.card.d_model if self.card else None
        return Subject(self, (vector_from(Path(file), site, key, origin, width),))

    def with_dictionary(
        self, dictionary: object, *, at: str | None = None, writes: str | None = None
    ) -> Model:
        """The same model with a dictionary, whose latents are then `model["L9F5617"]`.

        Args:
            dictionary: A folder or file (see `circuit_assert.dictionaries`), a `Dictionary`, or
                any object with `encode`, `decode` and a `W_dec`.
            at: The site that it reads, "L9.resid_post"; by default what its file says.
            writes: The site that a transcoder writes to, "L9.mlp_out".

        Raises:
            ComponentError: for what cannot be read as a dictionary, does not fit the model's
                sizes, or stands where one was attached already.
        """
        new = attached(dictionary, at, writes, self.card.d_model if self.card else None)
        for site in (new.reads, new.writes):
            self._check_layer(site.layer, str(site))
        taken = [each for each in self.dictionaries if each.reads.layer == new.reads.layer]
        if taken:
            raise ComponentError(
                f"{self.name} has {taken[0].name} at {taken[0].reads}, so L{new.reads.layer}F0 "
                f"would be ambiguous: attach {new.name} to the model without it."
            )
        return replace(self, dictionaries=(*self.dictionaries, new))

    def _component(self, address: str) -> Component:
        found = parse_latent(address)
        if found is None:
            return parse(address)
        layer, number = found
        for dictionary in self.dictionaries:
            if dictionary.reads.layer == layer:
                return Latent(layer, number, dictionary)
        where = ", ".join(str(each.reads) for each in self.dictionaries) or "nowhere"
        raise ComponentError(
            f"{address} is a latent, but {self.name} has no dictionary at layer {layer} (it has "
            f"them {where}): attach one, as in "
            f'model.with_dictionary(path, at="L{layer}.resid_post")[{address!r}].'
        )

    def circuit(
        self,
        members: Sequence[str] | Circuit | Path,
        *,
        among: Among | None = None,
    ) -> ModelCircuit:
        """A circuit of nodes or of edges: `model.circuit(["L0H1 -> L1H2.k", "L1H2 -> logits"])`.

        Args:
            members: Addresses of heads and MLPs, or of edges; or a `Path` to a file of them, ours
                or EAP-IG's (`circuit_assert.circuit_files`).
            among: What the circuit is chosen among, so what is ablated around it: "heads", "heads
                and MLPs" or "edges". By default edges; heads; and MLPs where it has one.

        Raises:
            ComponentError: for an address that cannot be read or does not exist in the model, and
                for a hub model that has not been fetched, whose heads are not known.
        """
        card = self.card
        if card is None:
            raise ComponentError(
                f"{self.name} has not been fetched, so its heads are not known, and nothing can be "
                f"ablated around a circuit."
            )
        match members:
            case Circuit():
                chosen = members
            case Path():
                chosen = read_circuit(members)
            case _:
                chosen = circuit_of(members, among)
        for node in chosen.nodes:
            self._check(node)
        return ModelCircuit(self, chosen.nodes, circuit=chosen, size=(card.layers, card.heads))

    def ranking(
        self, members: Sequence[str] | Ranking | Path, *, among: Among | None = None
    ) -> ModelRanking:
        """An order of nodes or of edges, the most important first: `model.ranking(["L5H1", …])`.

        Args:
            members: Addresses of heads and MLPs, or of edges; or a `Path` to a file of them or of
                their scores (`circuit_assert.rankings`).
            among: What there is to rank, as for `circuit`. What is not listed comes last.

        Raises:
            ComponentError: as for `circuit`, and for what is listed twice.
        """
        match members:
            case Ranking():
                ranking = members
            case Path():
                ranking = read_ranking(members, among)
            case _:
                ranking = ranking_of(members, among)
        checked = self.circuit(ranking.first(len(ranking)))
        return ModelRanking(self, checked.components, ranking=ranking, size=checked.size)

    def site(self, address: str) -> Site:
        """A site of the model: "L9.resid_post".

        Raises:
            ComponentError: for a site that the model does not have.
        """
        site = parse_site(address)
        self._check_layer(site.layer, address)
        return site

    def _check(self, component: Component) -> None:
        card = self.card
        if card is None:
            return
        self._check_layer(component.layer, str(component))
        match component:
            case Head(head=number) if number >= card.heads:
                raise ComponentError(
                    f"{self.name} has no {component}: it has {_range('layer', card.layers)} and "
                    f"{_range('head', card.heads)} (both count from zero)."
                )
            case Latent(latent=number, dictionary=of) if number >= of.latents:
                raise ComponentError(
                    f"{of.name} has no {component}: it has {_range('latent', of.latents)} (they "
                    f"count from zero)."
                )
            case Neuron(neuron=number) if number >= card.d_mlp:
                raise ComponentError(
                    f"{self.name} has no {component}: it has {_range('layer', card.layers)} and "
                    f"{_range('neuron', card.d_mlp)} (both count from zero)."
                )
            case _:
                pass

    def _check_layer(self, layer: int, said: str) -> None:
        card = self.card
        if card is not None and layer >= card.layers:
            raise ComponentError(
                f"{self.name} has no {said}: it has {_range('layer', card.layers)} and "
                f"{_range('head', card.heads)} (both count from zero)."
            )

    def __repr__(self) -> str:
        return f"<model {self.name}>"


def _range(noun: str, count: int) -> str:
    return f"{noun}s 0 to {count - 1}"
