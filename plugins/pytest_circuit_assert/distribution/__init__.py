"""Many processes: which of them runs which tests, on which device."""
