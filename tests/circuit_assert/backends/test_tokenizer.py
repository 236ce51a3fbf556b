"""What of a tokenizer its fingerprint is made of."""

from circuit_assert.backends.tokenizer import _cuts

LAST = '{"decoder":{"b":1},"post_processor":3,"model":{"vocab":{",":0,"model":1}}}'
WITHIN = '{"decoder":{"b":1,"model":2},"post_processor":3,"model":{"vocab":{}}}'
FIRST = '{"model":{"vocab":{"b":1}},"post_processor":3}'


def test_what_stands_around_texts_is_left_out():
    for written in (LAST, WITHIN):
        assert "post_processor" not in _cuts(written)
        assert _cuts(written) == _cuts(written.replace("3", "4"))


def test_everything_else_counts_wherever_the_vocabulary_stands():
    for written in (LAST, WITHIN, FIRST):
        assert _cuts(written) != _cuts(written.replace("vocab", "words"))
        assert _cuts(written) != _cuts(written.replace('"b":1', '"b":5'))
