"""Toy models of superposition, trained in seconds (Elhage et al. 2022), and what they look like."""
