"""Planted models, one file for each family, with the prompts that they are made for."""

from circuit_assert.models.planted_models.activating import (
    activating_documents,
    activating_model,
)
from circuit_assert.models.planted_models.attention import (
    attention_model,
    drawn_documents,
    role_prompts,
    run_documents,
)
from circuit_assert.models.planted_models.bases import basis_model
from circuit_assert.models.planted_models.composing import composing_model
from circuit_assert.models.planted_models.composition import composition_model
from circuit_assert.models.planted_models.compounds import (
    COMPOUND,
    compound_documents,
    compound_model,
)
from circuit_assert.models.planted_models.confidence import (
    confidence_documents,
    confidence_model,
)
from circuit_assert.models.planted_models.contexts import context_documents, context_model
from circuit_assert.models.planted_models.copying import copying_model, graded_copying_model
from circuit_assert.models.planted_models.counting import counting_model
from circuit_assert.models.planted_models.cutting import cutting_documents, cutting_model
from circuit_assert.models.planted_models.explained import explained_documents, explained_model
from circuit_assert.models.planted_models.features import (
    feature_dictionary,
    feature_documents,
    feature_model,
)
from circuit_assert.models.planted_models.graded import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded_attention import (
    AttendingHead,
    graded_attention_model,
)
from circuit_assert.models.planted_models.graded_effects import graded_effects_model
from circuit_assert.models.planted_models.induction import (
    induction_model,
    redundant_induction_model,
)
from circuit_assert.models.planted_models.inhibiting import inhibiting_model, inhibiting_prompts
from circuit_assert.models.planted_models.language_words import (
    planted_antonyms,
    planted_operations,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.languages import languages_model
from circuit_assert.models.planted_models.lookup import (
    lookup_documents,
    lookup_model,
    lookup_prompts,
)
from circuit_assert.models.planted_models.matching import graded_matching_model, matching_model
from circuit_assert.models.planted_models.naming import naming_model, naming_prompts
from circuit_assert.models.planted_models.neurons import neuron_documents, neuron_model
from circuit_assert.models.planted_models.rasp import compiled_model
from circuit_assert.models.planted_models.relay import RELAY, relay_model, relay_prompts
from circuit_assert.models.planted_models.repair import repair_model
from circuit_assert.models.planted_models.spelling import spelling_documents, spelling_model
from circuit_assert.models.planted_models.steering import (
    steering_documents,
    steering_model,
    steering_prefixes,
)
from circuit_assert.models.planted_models.suppressing import (
    suppressing_documents,
    suppressing_model,
)
from circuit_assert.models.planted_models.translating import (
    planted_paragraphs,
    translating_model,
)
from circuit_assert.models.planted_models.universal import universal_documents, universal_model
from circuit_assert.models.planted_models.virtual import virtual_weights_model

__all__ = [
    "COMPOUND",
    "RELAY",
    "AttendingHead",
    "activating_documents",
    "activating_model",
    "attention_model",
    "basis_model",
    "compiled_model",
    "composing_model",
    "composition_model",
    "compound_documents",
    "compound_model",
    "confidence_documents",
    "confidence_model",
    "context_documents",
    "context_model",
    "copying_model",
    "counting_model",
    "cutting_documents",
    "cutting_model",
    "drawn_documents",
    "explained_documents",
    "explained_model",
    "feature_dictionary",
    "feature_documents",
    "feature_model",
    "graded_attention_model",
    "graded_copying_model",
    "graded_effects_model",
    "graded_head",
    "graded_induction_model",
    "graded_matching_model",
    "induction_model",
    "inhibiting_model",
    "inhibiting_prompts",
    "languages_model",
    "lookup_documents",
    "lookup_model",
    "lookup_prompts",
    "matching_model",
    "naming_model",
    "naming_prompts",
    "neuron_documents",
    "neuron_model",
    "planted_antonyms",
    "planted_operations",
    "planted_paragraphs",
    "planted_synonyms",
    "planted_unrelated",
    "redundant_induction_model",
    "relay_model",
    "relay_prompts",
    "repair_model",
    "role_prompts",
    "run_documents",
    "spelling_documents",
    "spelling_model",
    "steering_documents",
    "steering_model",
    "steering_prefixes",
    "suppressing_documents",
    "suppressing_model",
    "translating_model",
    "universal_documents",
    "universal_model",
    "virtual_weights_model",
]
