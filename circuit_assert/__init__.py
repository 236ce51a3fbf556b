"""Test circuit hypotheses: claims about the inside of language models. PYTEST_DONT_REWRITE

A claim is a sentence about a model that is supported, refuted, or inconclusive:

    >>> import circuit_assert as ca
    >>> gemma = ca.model("gemma-3-270m")
    >>> claim = ca.head_is_induction(gemma["L5H1"])

Building a claim measures nothing; `bool(claim)` and `claim.check()` judge it. Importing this
package loads neither torch nor scipy nor transformer-lens.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from circuit_assert.candidates import congruent_neurons as congruent_neurons
    from circuit_assert.circuits import Circuit as Circuit
    from circuit_assert.claims.ablations import ablation_drops_logit as ablation_drops_logit
    from circuit_assert.claims.ablations import ablation_preserves_logit as ablation_preserves_logit
    from circuit_assert.claims.ablations import ablation_raises_loss as ablation_raises_loss
    from circuit_assert.claims.activating_heads import (
        head_activates_neuron as head_activates_neuron,
    )
    from circuit_assert.claims.backups import heads_back_up as heads_back_up
    from circuit_assert.claims.bases import basis_is_privileged as basis_is_privileged
    from circuit_assert.claims.circuits.faithfulness import (
        circuit_is_faithful as circuit_is_faithful,
    )
    from circuit_assert.claims.circuits.faithfulness import (
        circuit_is_necessary as circuit_is_necessary,
    )
    from circuit_assert.claims.circuits.faithfulness import (
        circuit_is_sufficient as circuit_is_sufficient,
    )
    from circuit_assert.claims.circuits.faithfulness import (
        circuits_are_equivalent as circuits_are_equivalent,
    )
    from circuit_assert.claims.circuits.inhibition import (
        head_inhibits_subject as head_inhibits_subject,
    )
    from circuit_assert.claims.circuits.interchange import (
        interchange_predicts_answers as interchange_predicts_answers,
    )
    from circuit_assert.claims.circuits.members import circuit_is_complete as circuit_is_complete
    from circuit_assert.claims.circuits.members import circuit_is_minimal as circuit_is_minimal
    from circuit_assert.claims.circuits.paths import path_matters as path_matters
    from circuit_assert.claims.circuits.rankings import ranking_recovers as ranking_recovers
    from circuit_assert.claims.circuits.scrubbing import (
        circuit_survives_scrubbing as circuit_survives_scrubbing,
    )
    from circuit_assert.claims.claim import Claim as Claim
    from circuit_assert.claims.claim import claim as claim
    from circuit_assert.claims.composition import heads_compose as heads_compose
    from circuit_assert.claims.confidence.entropy_neurons import (
        neuron_is_entropy_neuron as neuron_is_entropy_neuron,
    )
    from circuit_assert.claims.confidence.frequency_neurons import (
        neuron_is_token_frequency_neuron as neuron_is_token_frequency_neuron,
    )
    from circuit_assert.claims.contexts.neurons import (
        neuron_is_context_neuron as neuron_is_context_neuron,
    )
    from circuit_assert.claims.copy_suppression import (
        head_suppresses_copies as head_suppresses_copies,
    )
    from circuit_assert.claims.criteria import all_of as all_of
    from circuit_assert.claims.criteria import any_of as any_of
    from circuit_assert.claims.detokenizing import neuron_detokenizes as neuron_detokenizes
    from circuit_assert.claims.detokenizing_layers import (
        detokenization_peaks_early as detokenization_peaks_early,
    )
    from circuit_assert.claims.direct_effects import direct_effect_is as direct_effect_is
    from circuit_assert.claims.emergence import emerges as emerges
    from circuit_assert.claims.existence import exactly_these_heads_are as exactly_these_heads_are
    from circuit_assert.claims.existence import some_head_is as some_head_is
    from circuit_assert.claims.explaining.predictions import (
        explanation_predicts_activity as explanation_predicts_activity,
    )
    from circuit_assert.claims.explaining.predictions import (
        explanation_simulates_activity as explanation_simulates_activity,
    )
    from circuit_assert.claims.features import feature_is_multilingual as feature_is_multilingual
    from circuit_assert.claims.heads import head_attends_inductively as head_attends_inductively
    from circuit_assert.claims.heads import head_is_induction as head_is_induction
    from circuit_assert.claims.languages.crossovers import (
        swaps_cross_over_alike as swaps_cross_over_alike,
    )
    from circuit_assert.claims.languages.curves import (
        by_language as by_language,
    )
    from circuit_assert.claims.languages.curves import (
        dose_response as dose_response,
    )
    from circuit_assert.claims.languages.curves import (
        layer_curve as layer_curve,
    )
    from circuit_assert.claims.languages.curves import (
        overlap_curve as overlap_curve,
    )
    from circuit_assert.claims.languages.exchanges import (
        swap_conditions as swap_conditions,
    )
    from circuit_assert.claims.languages.exchanges import (
        swap_operands as swap_operands,
    )
    from circuit_assert.claims.languages.overlaps import (
        features_overlap_across_languages as features_overlap_across_languages,
    )
    from circuit_assert.claims.languages.overlaps import (
        overlap_peaks_in_the_middle as overlap_peaks_in_the_middle,
    )
    from circuit_assert.claims.languages.privileged import (
        language_is_privileged as language_is_privileged,
    )
    from circuit_assert.claims.languages.swaps import (
        swapping_changes_answer as swapping_changes_answer,
    )
    from circuit_assert.claims.localization import effect_is_localized as effect_is_localized
    from circuit_assert.claims.name_movers import (
        head_is_name_mover as head_is_name_mover,
    )
    from circuit_assert.claims.name_movers import (
        head_is_negative_name_mover as head_is_negative_name_mover,
    )
    from circuit_assert.claims.neurons import neuron_promotes_token as neuron_promotes_token
    from circuit_assert.claims.next_token_neurons import (
        neuron_prefers_next_token as neuron_prefers_next_token,
    )
    from circuit_assert.claims.ov_circuits import ov_circuit_copies as ov_circuit_copies
    from circuit_assert.claims.patching import patching_breaks_logit as patching_breaks_logit
    from circuit_assert.claims.patching import patching_restores_logit as patching_restores_logit
    from circuit_assert.claims.patterns import head_is_duplicate_token as head_is_duplicate_token
    from circuit_assert.claims.patterns import head_is_previous_token as head_is_previous_token
    from circuit_assert.claims.preserving_ablations import (
        copy_suppression_explains as copy_suppression_explains,
    )
    from circuit_assert.claims.probes import attention_over as attention_over
    from circuit_assert.claims.probes import attention_to as attention_to
    from circuit_assert.claims.probes import centred_logit as centred_logit
    from circuit_assert.claims.probes import contrast as contrast
    from circuit_assert.claims.probes import direct_contribution as direct_contribution
    from circuit_assert.claims.probes import logit_difference as logit_difference
    from circuit_assert.claims.probes import loss as loss
    from circuit_assert.claims.probes import prefix_matching_score as prefix_matching_score
    from circuit_assert.claims.qk_circuits import qk_circuit_matches as qk_circuit_matches
    from circuit_assert.claims.repairs import indirect_effect_is as indirect_effect_is
    from circuit_assert.claims.repairs import later_layers_repair as later_layers_repair
    from circuit_assert.claims.residual_stream import (
        residual_stream_decomposes as residual_stream_decomposes,
    )
    from circuit_assert.claims.retokenizing import neuron_retokenizes as neuron_retokenizes
    from circuit_assert.claims.robustness import robustly as robustly
    from circuit_assert.claims.roles import head_attends_to as head_attends_to
    from circuit_assert.claims.single_features.meanings import (
        feature_is_sensitive as feature_is_sensitive,
    )
    from circuit_assert.claims.single_features.meanings import (
        feature_is_specific as feature_is_specific,
    )
    from circuit_assert.claims.single_features.meanings import (
        feature_means_script as feature_means_script,
    )
    from circuit_assert.claims.single_features.monosemantic import (
        neuron_is_monosemantic as neuron_is_monosemantic,
    )
    from circuit_assert.claims.single_features.neurons import (
        feature_is_not_a_neuron as feature_is_not_a_neuron,
    )
    from circuit_assert.claims.single_features.uses import feature_matters as feature_matters
    from circuit_assert.claims.single_features.uses import (
        feature_promotes_tokens as feature_promotes_tokens,
    )
    from circuit_assert.claims.sinks import head_is_attention_sink as head_is_attention_sink
    from circuit_assert.claims.steering.curves import steering_response as steering_response
    from circuit_assert.claims.steering.outputs import (
        steering_makes_output as steering_makes_output,
    )
    from circuit_assert.claims.subspaces import subspaces_are_disjoint as subspaces_are_disjoint
    from circuit_assert.claims.subspaces import subspaces_overlap as subspaces_overlap
    from circuit_assert.claims.succession import head_is_successor as head_is_successor
    from circuit_assert.claims.superposition import (
        features_are_in_superposition as features_are_in_superposition,
    )
    from circuit_assert.claims.superposition import (
        sparsity_increases_superposition as sparsity_increases_superposition,
    )
    from circuit_assert.claims.universality.claims import (
        feature_is_universal as feature_is_universal,
    )
    from circuit_assert.claims.universality.claims import (
        neuron_is_universal as neuron_is_universal,
    )
    from circuit_assert.claims.universality.recording import RecordedActivity as RecordedActivity
    from circuit_assert.claims.universality.recording import (
        recorded_activity as recorded_activity,
    )
    from circuit_assert.claims.virtual_weights import virtual_weight_is as virtual_weight_is
    from circuit_assert.claims.vocabulary_neurons import (
        neuron_is_prediction_neuron as neuron_is_prediction_neuron,
    )
    from circuit_assert.claims.vocabulary_neurons import (
        neuron_is_suppression_neuron as neuron_is_suppression_neuron,
    )
    from circuit_assert.counterexamples.claims import on_one_prompt as on_one_prompt
    from circuit_assert.counterexamples.falsify import falsify as falsify
    from circuit_assert.counterexamples.search import Counterexample as Counterexample
    from circuit_assert.counterexamples.search import find_counterexample as find_counterexample
    from circuit_assert.counterexamples.strategies import antonym_prompts as antonym_prompts
    from circuit_assert.counterexamples.strategies import from_templates as from_templates
    from circuit_assert.counterexamples.strategies import ioi_prompts as ioi_prompts
    from circuit_assert.counterexamples.strategies import repeated_sequences as repeated_sequences
    from circuit_assert.counterexamples.strategies import token_sequences as token_sequences
    from circuit_assert.dictionaries.dictionary import Dictionary as Dictionary
    from circuit_assert.discovery import discover as discover
    from circuit_assert.emergence import Emergence as Emergence
    from circuit_assert.emergence import find_emergence as find_emergence
    from circuit_assert.errors import CircuitAssertError as CircuitAssertError
    from circuit_assert.errors import DiscoveryWarning as DiscoveryWarning
    from circuit_assert.errors import Inconclusive as Inconclusive
    from circuit_assert.evidence import Evidence as Evidence
    from circuit_assert.ledger.frame import load_runs as load_runs
    from circuit_assert.prompts import Prompt as Prompt
    from circuit_assert.prompts import PromptSet as PromptSet
    from circuit_assert.prompts.antonyms import antonyms as antonyms
    from circuit_assert.prompts.antonyms import synonyms as synonyms
    from circuit_assert.prompts.explanations import explanation as explanation
    from circuit_assert.prompts.ioi import ioi as ioi
    from circuit_assert.prompts.labels import Script as Script
    from circuit_assert.prompts.labels import document_label as document_label
    from circuit_assert.prompts.labels import token_label as token_label
    from circuit_assert.prompts.paragraphs import (
        paragraphs as paragraphs,
    )
    from circuit_assert.prompts.repeated import repeated_tokens as repeated_tokens
    from circuit_assert.prompts.scorers import Alphabet as Alphabet
    from circuit_assert.prompts.scorers import Language as Language
    from circuit_assert.prompts.scorers import ScriptShare as ScriptShare
    from circuit_assert.prompts.scorers import UpperCase as UpperCase
    from circuit_assert.prompts.swaps import (
        answered_as as answered_as,
    )
    from circuit_assert.prompts.swaps import both_ways as both_ways
    from circuit_assert.prompts.swaps import (
        other_operands as other_operands,
    )
    from circuit_assert.prompts.text import plain_text as plain_text
    from circuit_assert.prompts.token_samples import token_sample as token_sample
    from circuit_assert.prompts.unrelated import unrelated as unrelated
    from circuit_assert.session import Session as Session
    from circuit_assert.session import model as model
    from circuit_assert.stats import Verdict as Verdict
    from circuit_assert.superposition.toy import ToyModels as ToyModels

_HOMES = {
    "congruent_neurons": "candidates",
    "ablation_drops_logit": "claims.ablations",
    "ablation_preserves_logit": "claims.ablations",
    "ablation_raises_loss": "claims.ablations",
    "head_activates_neuron": "claims.activating_heads",
    "heads_back_up": "claims.backups",
    "basis_is_privileged": "claims.bases",
    "circuit_is_complete": "claims.circuits.members",
    "circuit_is_minimal": "claims.circuits.members",
    "circuit_is_faithful": "claims.circuits.faithfulness",
    "circuit_is_necessary": "claims.circuits.faithfulness",
    "circuit_is_sufficient": "claims.circuits.faithfulness",
    "circuits_are_equivalent": "claims.circuits.faithfulness",
    "path_matters": "claims.circuits.paths",
    "ranking_recovers": "claims.circuits.rankings",
    "circuit_survives_scrubbing": "claims.circuits.scrubbing",
    "Circuit": "circuits",
    "head_inhibits_subject": "claims.circuits.inhibition",
    "interchange_predicts_answers": "claims.circuits.interchange",
    "Claim": "claims.claim",
    "claim": "claims.claim",
    "heads_compose": "claims.composition",
    "head_suppresses_copies": "claims.copy_suppression",
    "all_of": "claims.criteria",
    "any_of": "claims.criteria",
    "direct_effect_is": "claims.direct_effects",
    "emerges": "claims.emergence",
    "Emergence": "emergence",
    "find_emergence": "emergence",
    "exactly_these_heads_are": "claims.existence",
    "some_head_is": "claims.existence",
    "explanation_predicts_activity": "claims.explaining.predictions",
    "explanation_simulates_activity": "claims.explaining.predictions",
    "feature_is_multilingual": "claims.features",
    "head_attends_inductively": "claims.heads",
    "head_is_induction": "claims.heads",
    "copy_suppression_explains": "claims.preserving_ablations",
    "head_is_name_mover": "claims.name_movers",
    "head_is_negative_name_mover": "claims.name_movers",
    "effect_is_localized": "claims.localization",
    "neuron_promotes_token": "claims.neurons",
    "neuron_prefers_next_token": "claims.next_token_neurons",
    "neuron_is_entropy_neuron": "claims.confidence.entropy_neurons",
    "neuron_is_token_frequency_neuron": "claims.confidence.frequency_neurons",
    "neuron_retokenizes": "claims.retokenizing",
    "neuron_detokenizes": "claims.detokenizing",
    "detokenization_peaks_early": "claims.detokenizing_layers",
    "neuron_is_prediction_neuron": "claims.vocabulary_neurons",
    "neuron_is_context_neuron": "claims.contexts.neurons",
    "neuron_is_monosemantic": "claims.single_features.monosemantic",
    "neuron_is_suppression_neuron": "claims.vocabulary_neurons",
    "patching_breaks_logit": "claims.patching",
    "patching_restores_logit": "claims.patching",
    "head_is_duplicate_token": "claims.patterns",
    "head_is_previous_token": "claims.patterns",
    "ov_circuit_copies": "claims.ov_circuits",
    "attention_over": "claims.probes",
    "attention_to": "claims.probes",
    "centred_logit": "claims.probes",
    "contrast": "claims.probes",
    "direct_contribution": "claims.probes",
    "logit_difference": "claims.probes",
    "loss": "claims.probes",
    "prefix_matching_score": "claims.probes",
    "head_attends_to": "claims.roles",
    "feature_is_sensitive": "claims.single_features.meanings",
    "feature_is_specific": "claims.single_features.meanings",
    "feature_means_script": "claims.single_features.meanings",
    "feature_is_not_a_neuron": "claims.single_features.neurons",
    "feature_matters": "claims.single_features.uses",
    "feature_promotes_tokens": "claims.single_features.uses",
    "head_is_attention_sink": "claims.sinks",
    "qk_circuit_matches": "claims.qk_circuits",
    "indirect_effect_is": "claims.repairs",
    "later_layers_repair": "claims.repairs",
    "residual_stream_decomposes": "claims.residual_stream",
    "steering_makes_output": "claims.steering.outputs",
    "subspaces_are_disjoint": "claims.subspaces",
    "subspaces_overlap": "claims.subspaces",
    "head_is_successor": "claims.succession",
    "features_are_in_superposition": "claims.superposition",
    "sparsity_increases_superposition": "claims.superposition",
    "RecordedActivity": "claims.universality.recording",
    "feature_is_universal": "claims.universality.claims",
    "neuron_is_universal": "claims.universality.claims",
    "recorded_activity": "claims.universality.recording",
    "ToyModels": "superposition.toy",
    "virtual_weight_is": "claims.virtual_weights",
    "robustly": "claims.robustness",
    "on_one_prompt": "counterexamples.claims",
    "falsify": "counterexamples.falsify",
    "Counterexample": "counterexamples.search",
    "find_counterexample": "counterexamples.search",
    "antonym_prompts": "counterexamples.strategies",
    "from_templates": "counterexamples.strategies",
    "ioi_prompts": "counterexamples.strategies",
    "repeated_sequences": "counterexamples.strategies",
    "token_sequences": "counterexamples.strategies",
    "discover": "discovery",
    "Dictionary": "dictionaries.dictionary",
    "CircuitAssertError": "errors",
    "DiscoveryWarning": "errors",
    "Inconclusive": "errors",
    "Evidence": "evidence",
    "Prompt": "prompts",
    "PromptSet": "prompts",
    "antonyms": "prompts.antonyms",
    "synonyms": "prompts.antonyms",
    "explanation": "prompts.explanations",
    "ioi": "prompts.ioi",
    "Script": "prompts.labels",
    "document_label": "prompts.labels",
    "token_label": "prompts.labels",
    "repeated_tokens": "prompts.repeated",
    "Alphabet": "prompts.scorers",
    "Language": "prompts.scorers",
    "ScriptShare": "prompts.scorers",
    "UpperCase": "prompts.scorers",
    "plain_text": "prompts.text",
    "token_sample": "prompts.token_samples",
    "unrelated": "prompts.unrelated",
    "swapping_changes_answer": "claims.languages.swaps",
    "swaps_cross_over_alike": "claims.languages.crossovers",
    "features_overlap_across_languages": "claims.languages.overlaps",
    "overlap_peaks_in_the_middle": "claims.languages.overlaps",
    "language_is_privileged": "claims.languages.privileged",
    "swap_conditions": "claims.languages.exchanges",
    "swap_operands": "claims.languages.exchanges",
    "by_language": "claims.languages.curves",
    "dose_response": "claims.languages.curves",
    "layer_curve": "claims.languages.curves",
    "overlap_curve": "claims.languages.curves",
    "steering_response": "claims.steering.curves",
    "paragraphs": "prompts.paragraphs",
    "answered_as": "prompts.swaps",
    "both_ways": "prompts.swaps",
    "other_operands": "prompts.swaps",
    "load_runs": "ledger.frame",
    "Session": "session",
    "model": "session",
    "Verdict": "stats",
}
__all__ = [
    "Alphabet",
    "Circuit",
    "CircuitAssertError",
    "Claim",
    "Counterexample",
    "Dictionary",
    "DiscoveryWarning",
    "Emergence",
    "Evidence",
    "Inconclusive",
    "Language",
    "Prompt",
    "PromptSet",
    "RecordedActivity",
    "Script",
    "ScriptShare",
    "Session",
    "ToyModels",
    "UpperCase",
    "Verdict",
    "ablation_drops_logit",
    "ablation_preserves_logit",
    "ablation_raises_loss",
    "all_of",
    "answered_as",
    "antonym_prompts",
    "antonyms",
    "any_of",
    "attention_over",
    "attention_to",
    "basis_is_privileged",
    "both_ways",
    "by_language",
    "centred_logit",
    "circuit_is_complete",
    "circuit_is_faithful",
    "circuit_is_minimal",
    "circuit_is_necessary",
    "circuit_is_sufficient",
    "circuit_survives_scrubbing",
    "circuits_are_equivalent",
    "claim",
    "congruent_neurons",
    "contrast",
    "copy_suppression_explains",
    "detokenization_peaks_early",
    "direct_contribution",
    "direct_effect_is",
    "discover",
    "document_label",
    "dose_response",
    "effect_is_localized",
    "emerges",
    "exactly_these_heads_are",
    "explanation",
    "explanation_predicts_activity",
    "explanation_simulates_activity",
    "falsify",
    "feature_is_multilingual",
    "feature_is_not_a_neuron",
    "feature_is_sensitive",
    "feature_is_specific",
    "feature_is_universal",
    "feature_matters",
    "feature_means_script",
    "feature_promotes_tokens",
    "features_are_in_superposition",
    "features_overlap_across_languages",
    "find_counterexample",
    "find_emergence",
    "from_templates",
    "head_activates_neuron",
    "head_attends_inductively",
    "head_attends_to",
    "head_inhibits_subject",
    "head_is_attention_sink",
    "head_is_duplicate_token",
    "head_is_induction",
    "head_is_name_mover",
    "head_is_negative_name_mover",
    "head_is_previous_token",
    "head_is_successor",
    "head_suppresses_copies",
    "heads_back_up",
    "heads_compose",
    "indirect_effect_is",
    "interchange_predicts_answers",
    "ioi",
    "ioi_prompts",
    "language_is_privileged",
    "later_layers_repair",
    "layer_curve",
    "load_runs",
    "logit_difference",
    "loss",
    "model",
    "neuron_detokenizes",
    "neuron_is_context_neuron",
    "neuron_is_entropy_neuron",
    "neuron_is_monosemantic",
    "neuron_is_prediction_neuron",
    "neuron_is_suppression_neuron",
    "neuron_is_token_frequency_neuron",
    "neuron_is_universal",
    "neuron_prefers_next_token",
    "neuron_promotes_token",
    "neuron_retokenizes",
    "on_one_prompt",
    "other_operands",
    "ov_circuit_copies",
    "overlap_curve",
    "overlap_peaks_in_the_middle",
    "paragraphs",
    "patching_breaks_logit",
    "patching_restores_logit",
    "path_matters",
    "plain_text",
    "prefix_matching_score",
    "qk_circuit_matches",
    "ranking_recovers",
    "recorded_activity",
    "repeated_sequences",
    "repeated_tokens",
    "residual_stream_decomposes",
    "robustly",
    "some_head_is",
    "sparsity_increases_superposition",
    "steering_makes_output",
    "steering_response",
    "subspaces_are_disjoint",
    "subspaces_overlap",
    "swap_conditions",
    "swap_operands",
    "swapping_changes_answer",
    "swaps_cross_over_alike",
    "synonyms",
    "token_label",
    "token_sample",
    "token_sequences",
    "unrelated",
    "virtual_weight_is",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _HOMES:
        import difflib

        near = difflib.get_close_matches(name, __all__, n=1)
        said = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module 'circuit_assert' has no attribute {name!r}{said}")
    value = getattr(importlib.import_module(f"circuit_assert.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
