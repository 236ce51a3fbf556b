"""Do later layers of SmolLM2 135M repair what ablating a head takes? (McGrath et al. 2023)

L23H3 contributes to indirect objects, and L24H4 can stand in for it and L20H0 (test_backups.py):
where self-repair was expected before looking. The bound is a tenth of the direct effect. Ablated at
the end of the prompt, over prompts with three unrelated names, the final norm's scale frozen.
"""

import pytest

from circuit_assert import ioi, later_layers_repair

PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def repaired(component, by, **options):
    return later_layers_repair(component, on=PROMPTS, by=by, reference="corrupt", **options)


@pytest.mark.open_claim("24 templates leave the repaired share astride the bound")
def test_L23H3_is_repaired(smollm2):
    assert repaired(smollm2["L23H3"], by=0.1)
