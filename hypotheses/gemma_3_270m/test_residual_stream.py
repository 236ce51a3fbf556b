"""The residual stream of Gemma 3 270M is a sum (Elhage et al. 2021, A Mathematical Framework).

Embedding, heads and MLPs add up to the logits but for rounding: what direct contributions rest on.
The heads alone, without MLPs, do not.

With norms after attention and MLPs, what is added is what these leave: gains folded into W_O,
scales as they were in the run.
"""

from circuit_assert import plain_text, residual_stream_decomposes

DOCUMENTS = plain_text().half("test")


def test_the_parts_add_up_to_the_logits(gemma):
    assert residual_stream_decomposes(gemma, on=DOCUMENTS)


def test_the_embedding_and_heads_alone_do_not(gemma):
    assert not residual_stream_decomposes(gemma, on=DOCUMENTS, parts=["embedding", "heads"])
