"""A small dictionary of our own, trained in minutes from text that package indexes carry."""
