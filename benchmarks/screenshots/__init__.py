"""Pictures of the report for the docs."""
