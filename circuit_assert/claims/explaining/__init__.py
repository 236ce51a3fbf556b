"""Claims about what explanations of components predict."""
