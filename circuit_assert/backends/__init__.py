"""Libraries that run models, behind one protocol."""
