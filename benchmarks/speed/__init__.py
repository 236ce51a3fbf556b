"""How long the engine takes, beside the usual way: `python -m benchmarks NAME`."""
