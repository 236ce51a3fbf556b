"""Searching for a prompt on which a claim fails. Never evidence for a claim that none was found."""
