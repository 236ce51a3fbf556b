"""`python -m circuit_assert`: the command `circuit-assert`, with this folder on the path."""

from circuit_assert.cli import main

if __name__ == "__main__":
    main(prog_name="circuit-assert")
