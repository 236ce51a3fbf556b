"""The pytest plugin of circuit-assert."""
