"""Claims about neurons that tell the context a document is."""
