"""Faults in how attention, weights and logits are taken from the model."""

import torch

from circuit_assert import head_is_induction, neuron_promotes_token
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.components import Site
from circuit_assert.measurements import attention
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import induction_model, neuron_documents, neuron_model
from circuit_assert.models.planted_models.neurons import TOKENS
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

LOAD = "validation at load"


def induction_head():
    return head_is_induction(Session().model(induction_model())["L1H0"]).check()


def induction_head_behind_norms():
    planted = induction_model(grouped_queries=True)
    return head_is_induction(Session().model(planted)["L1H0"]).check()


def neuron_that_the_last_layer_undoes():
    neuron = Session().model(neuron_model())["L2N3"]
    return neuron_promotes_token(neuron, TOKENS[3], on=neuron_documents(), by=1.0).check()


def _of_every_site_called(name, change, monkeypatch):
    """Change what is read at all sites of one name, in every run."""
    right = TransformerLensBackend.run

    def run(self, tokens, *, reads, **options):
        changed = {
            site: [lambda a, read=read: read(change(a)) for read in there]
            if site.name == name
            else there
            for site, there in reads.items()
        }
        return right(self, tokens, reads=changed, **options)

    monkeypatch.setattr(TransformerLensBackend, "run", run)


def reads_attention_before_the_softmax(monkeypatch):
    _of_every_site_called("pattern", torch.log, monkeypatch)


def takes_queries_for_keys(monkeypatch):
    def wrong(self, site, activation):
        self._layers[site.layer] = torch.einsum(
            "rhkq,rqk->rh", activation, self._weights.to(activation)
        )

    monkeypatch.setattr(attention.AttentionReader, "read", wrong)


def splits_output_weights_by_the_wrong_axis(monkeypatch):
    def wrong(self, layer):
        rows = self._bridge.blocks[layer].attn.o.weight.T
        return rows.reshape(-1, self.card.heads, self.card.d_model).transpose(0, 1).float()

    monkeypatch.setattr(TransformerLensBackend, "head_output_weights", wrong)


def folds_in_the_norm_before_attention_for_the_one_after(monkeypatch):
    right = TransformerLensBackend.head_output_weights

    def wrong(self, layer):
        return right(self, layer) * self._gain(self._bridge.blocks[layer].ln1)

    monkeypatch.setattr(TransformerLensBackend, "head_output_weights", wrong)


def unembeds_without_the_final_norm(monkeypatch):
    monkeypatch.setattr(TransformerLensBackend, "_final_norm", lambda self, residual: residual)


def leaves_the_final_gain_out_of_the_unembedding(monkeypatch):
    def wrong(self, norm):
        return torch.ones(self.card.d_model)

    monkeypatch.setattr(TransformerLensBackend, "_gain", wrong)


def stops_before_the_last_mlp(monkeypatch):
    right = TransformerLensBackend._hook_name

    def wrong(self, site):
        early = Site(site.layer, "resid_mid" if site.name == "resid_post" else site.name)
        return right(self, early)

    monkeypatch.setattr(TransformerLensBackend, "_hook_name", wrong)


def loads_weights_that_are_not_numbers(monkeypatch):
    right = PlantedModel.state_dict

    def wrong(self):
        made = right(self)
        made["layers.1.attn.o.weight"][0, 0] = float("nan")
        return made

    monkeypatch.setattr(PlantedModel, "state_dict", wrong)


SOUND = {
    induction_head: Verdict.SUPPORTED,
    induction_head_behind_norms: Verdict.SUPPORTED,
    neuron_that_the_last_layer_undoes: Verdict.REFUTED,
}
FAULTS = {
    reads_attention_before_the_softmax: (induction_head, LOAD, "attention rows .* not to 1"),
    takes_queries_for_keys: (
        induction_head,
        "planted truth: the true instance is inconclusive",
        "pattern",
    ),
    splits_output_weights_by_the_wrong_axis: (induction_head, LOAD, "heads .* do not add up"),
    folds_in_the_norm_before_attention_for_the_one_after: (
        induction_head_behind_norms,
        LOAD,
        "heads .* do not add up",
    ),
    unembeds_without_the_final_norm: (induction_head_behind_norms, LOAD, "are not the unembedding"),
    leaves_the_final_gain_out_of_the_unembedding: (
        induction_head_behind_norms,
        LOAD,
        "are not the unembedding",
    ),
    stops_before_the_last_mlp: (
        neuron_that_the_last_layer_undoes,
        "planted truth: a decoy is supported",
        "effect",
    ),
    loads_weights_that_are_not_numbers: (induction_head, LOAD, "not finite numbers"),
}
