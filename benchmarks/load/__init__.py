"""Runs of many claims, and what is done to them: `python -m benchmarks NAME`."""
