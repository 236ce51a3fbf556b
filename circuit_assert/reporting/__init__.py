"""Pure functions from evidence to what people read."""
