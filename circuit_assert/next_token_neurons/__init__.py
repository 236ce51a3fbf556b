"""From next-token neurons to the heads that activate them, a table at every step.

The pipeline of Neo, Cohen & Barez 2024 (arXiv:2402.15055), for looking; what it shows is then
claimed: of a neuron `neuron_prefers_next_token` and `neuron_promotes_token`, of a head and a neuron
`head_activates_neuron`. All is done on the discovery half of the documents, so that the other half
can test it.
"""

from circuit_assert.next_token_neurons.active import active_heads
from circuit_assert.next_token_neurons.attribution import head_attributions
from circuit_assert.next_token_neurons.congruent import next_token_neurons
from circuit_assert.next_token_neurons.maximal import maximal_prompts

__all__ = ["active_heads", "head_attributions", "maximal_prompts", "next_token_neurons"]
