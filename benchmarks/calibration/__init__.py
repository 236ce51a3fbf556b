"""How often verdicts are wrong, by simulation: `make calibrate`."""
