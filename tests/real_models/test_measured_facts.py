"""Figures of the zoo's models that were measured before this engine existed, by other means.

Attention was measured by the offset diagonal over 50 random tokens said twice after a beginning
token; probabilities by the plain model.
"""

import numpy as np
import pytest

from circuit_assert import PromptSet, ioi, repeated_tokens
from circuit_assert.components import Head
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import AttentionOverPairs, LogitDifference, Loss, Request
from circuit_assert.measurements.outputs import LogProbability

REPEATED = repeated_tokens(lengths=(50,), sequences=24)
RELATIONS = ("induction", "previous")
WITHIN = 0.03


@pytest.fixture(scope="module")
def gemma(model_of):
    return model_of("gemma-3-270m")


@pytest.fixture(scope="module")
def smollm2(model_of):
    return model_of("smollm2-135m-instruct")


def attention(model, relation, head):
    """Both relations are measured together: they are seen in the same runs."""
    requests = {name: Request(AttentionOverPairs(name), REPEATED) for name in RELATIONS}
    scores = dict(zip(requests, model.measure(list(requests.values())), strict=True))
    return scores[relation][:, head[0], head[1]].mean()


@pytest.mark.parametrize(
    ("head", "score"), [((5, 1), 0.85), ((11, 2), 0.62), ((5, 2), 0.51)], ids=str
)
def test_induction_in_gemma(gemma, head, score):
    assert attention(gemma, "induction", head) == pytest.approx(score, abs=WITHIN)


@pytest.mark.parametrize(("head", "score"), [((2, 3), 0.70), ((4, 1), 0.58)], ids=str)
def test_previous_token_in_gemma(gemma, head, score):
    assert attention(gemma, "previous", head) == pytest.approx(score, abs=WITHIN)


@pytest.mark.parametrize(
    ("head", "score"), [((18, 6), 0.88), ((17, 3), 0.77), ((17, 4), 0.74)], ids=str
)
def test_induction_in_smollm2(smollm2, head, score):
    assert attention(smollm2, "induction", head) == pytest.approx(score, abs=WITHIN)


@pytest.mark.parametrize(("head", "score"), [((16, 0), 0.89), ((11, 1), 0.85)], ids=str)
def test_previous_token_in_smollm2(smollm2, head, score):
    assert attention(smollm2, "previous", head) == pytest.approx(score, abs=WITHIN)


def test_the_repeated_half_is_predicted_in_smollm2(smollm2):
    loss = Loss(places=0)
    repeated, fresh = smollm2.measure([Request(loss, REPEATED), Request(loss, REPEATED, "corrupt")])
    assert fresh.mean() == pytest.approx(13.4, abs=0.5)
    # Sequences differ much in it (seeds 0 and 1 give 3.3 and 2.9): it is no figure of the model.
    assert repeated.mean() == pytest.approx(2.4, abs=1.0)


PROMPTS = ioi(per_template=1, corruption="abc")


def test_indirect_object_in_gemma(gemma):
    metric = LogitDifference()
    ablations = [Ablation((Head(*h),), "mean", PROMPTS, "corrupt") for h in ((11, 3), (15, 1))]
    clean, without_mover, without_negative = gemma.measure(
        [
            Request(metric, PROMPTS),
            *(Request(metric, PROMPTS, "clean", ablation) for ablation in ablations),
        ]
    )
    assert clean.mean() == pytest.approx(4.5, abs=1.0)  # it depends on the templates: 5.1 here
    assert (clean > 0).all()
    assert 0.4 < (clean - without_mover).mean() / clean.mean() < 0.6
    assert (clean - without_negative).mean() < 0


@pytest.mark.parametrize(
    ("text", "answer", "probability"),
    [
        ('The opposite of "small" is "', "large", 0.34),
        ('The opposite of "small" is "', "big", 0.15),
        ('Le contraire de "petit" est "', "grand", 0.35),
        ('"小"的反义词是"', "小", 0.15),
        ('"小"的反义词是"', "大", 0.03),
    ],
)
def test_probabilities_in_gemma(gemma, text, answer, probability):
    prompt = PromptSet.from_list([{"text": text, "answer": answer}])
    (score,) = gemma.measure([Request(LogProbability(), prompt)])
    assert np.exp(score[0]) == pytest.approx(probability, abs=WITHIN)
