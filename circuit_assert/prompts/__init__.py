"""Prompt sets: the shipped ones, and the way to make one's own."""

from circuit_assert.prompts.prompt_set import Prompt, PromptSet

__all__ = ["Prompt", "PromptSet"]
