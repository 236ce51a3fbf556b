"""The command `circuit-assert`."""
