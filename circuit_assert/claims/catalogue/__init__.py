"""The catalogue of claims, docs/claims.md: written from the docstrings of claim functions."""
