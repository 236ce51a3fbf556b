"""Claims about features that other models have, too."""
