"""The residual stream of SmolLM2 135M is a sum (Elhage et al. 2021, A Mathematical Framework).

Embedding, heads and MLPs add up to the logits but for rounding: what direct contributions rest on.
The heads alone, without MLPs, do not.
"""

from circuit_assert import plain_text, residual_stream_decomposes

DOCUMENTS = plain_text().half("test")


def test_the_parts_add_up_to_the_logits(smollm2):
    assert residual_stream_decomposes(smollm2, on=DOCUMENTS)


def test_the_embedding_and_heads_alone_do_not(smollm2):
    assert not residual_stream_decomposes(smollm2, on=DOCUMENTS, parts=["embedding", "heads"])
