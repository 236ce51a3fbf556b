"""The command `circuit-assert`: a module for each of its commands."""
