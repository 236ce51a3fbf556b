"""Claims about one feature of any origin: what it is active on, what it writes, what needs it."""
