"""From claims' requests to scores, in as few runs as there can be."""
