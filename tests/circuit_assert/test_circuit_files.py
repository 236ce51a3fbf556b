"""Circuits from addresses and files, ours and other tools'."""

import json

import pytest

from circuit_assert.circuit_files import circuit_as_json, circuit_of, edges_of, read_circuit
from circuit_assert.circuits import Circuit, edges_between, nodes_of
from circuit_assert.components import MLP, Head
from circuit_assert.errors import ComponentError

EDGES = ["embedding -> L0H1.v", "L0H1 -> L5H3.k", "L3.mlp -> L4.mlp", "L5H3 -> logits"]
OF_EAP_IG = ["input->a0.h1<v>", "a0.h1->a5.h3<k>", "m3->m4", "a5.h3->logits"]
OF_AUTO_CIRCUIT = ["Resid Start->A0.1.V", "A0.1->A5.3.K", "MLP 3->MLP 4", "A5.3->Resid End"]


@pytest.mark.parametrize("names", [OF_EAP_IG, OF_AUTO_CIRCUIT])
def test_edges_are_read_as_other_tools_name_them(names):
    assert circuit_of(names) == circuit_of(EDGES)


def test_a_head_without_a_slot_is_its_three_inputs():
    assert [str(edge) for edge in edges_of("L0H1 -> L5H3")] == [
        "L0H1→L5H3.q",
        "L0H1→L5H3.k",
        "L0H1→L5H3.v",
    ]
    assert edges_of("L0H1→L5H3") == edges_of("A0.1->A5.3")


def test_a_circuit_is_what_it_was_after_saving(tmp_path):
    for members in (EDGES, ["L5H1", "L3.mlp"], ["L5H1"]):
        file = tmp_path / "circuit.json"
        file.write_text(circuit_as_json(circuit_of(members)))
        assert read_circuit(file) == circuit_of(members)


def test_what_is_among_nodes_is_kept(tmp_path):
    circuit = circuit_of(["L5H1"], "heads and MLPs")
    file = tmp_path / "circuit.json"
    file.write_text(circuit_as_json(circuit))
    assert read_circuit(file).among == "heads and MLPs"


@pytest.mark.parametrize("kept", [{"in_graph": True, "score": 0.3}, True])
def test_graphs_of_eap_ig_are_read(tmp_path, kept):
    left_out = {"in_graph": False, "score": 0.1} if isinstance(kept, dict) else False
    edges = dict.fromkeys(OF_EAP_IG, kept) | {"a0.h0->a5.h3<q>": left_out}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps({"cfg": {"n_layers": 6}, "nodes": {"input": True}, "edges": edges}))
    assert read_circuit(file) == circuit_of(EDGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as a circuit"),
        ("[]", "holds no circuit"),
        ('{"layers": 3}', "holds no circuit"),
        ('{"edges": {"input->m0": {"in_graph": false}}}', "none of them in the graph"),
        ('{"edges": ["L0H1 => L1H1"]}', "cannot read the address"),
    ],
)
def test_files_that_are_no_circuits_are_refused(tmp_path, content, message):
    file = tmp_path / "circuit.json"
    file.write_text(content)
    with pytest.raises(ComponentError, match=message):
        read_circuit(file)
    with pytest.raises(ComponentError, match="cannot be read"):
        read_circuit(tmp_path / "none.json")


def test_all_edges_between_layers():
    layers, heads = 2, 2
    everything = edges_between((-1, 0, 1), (0, 1, float("inf")), layers, heads)
    # into layer 0: embedding to 6 slots and, with 2 heads, to the MLP; then layer 1; then the end
    assert len(everything) == 6 * 1 + 3 + 6 * 4 + 6 + 7
    assert len(set(everything)) == len(everything)


def test_nodes_of_a_model():
    assert nodes_of("heads", 1, 2) == (Head(0, 0), Head(0, 1))
    assert nodes_of("heads and MLPs", 1, 2) == (Head(0, 0), Head(0, 1), MLP(0))


def test_what_is_not_among_the_chosen_is_refused():
    with pytest.raises(ComponentError, match=r"L3\.mlp is none of the heads"):
        Circuit(frozenset({MLP(3)}), "heads")
