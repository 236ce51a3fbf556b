"""Test circuit hypotheses: claims about the inside of language models. PYTEST_DONT_REWRITE"""
