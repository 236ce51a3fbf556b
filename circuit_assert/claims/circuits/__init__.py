"""Claims about circuits: what they are enough for, what goes without them, what is too much."""
