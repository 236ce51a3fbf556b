"""Claims about neurons that regulate how sure a model is: entropy and token-frequency neurons."""
