"""Claims about several languages: what they share, and what swapping a part of a prompt does."""
