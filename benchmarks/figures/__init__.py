"""Figures of the docs: what is measured on a real model, drawn."""
