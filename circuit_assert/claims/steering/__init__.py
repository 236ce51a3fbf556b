"""Claims about what adding a feature makes a model write."""
