"""Do later layers of Gemma 3 270M repair what ablating a head takes? (McGrath et al. 2023)

L11H3 writes indirect objects, and L13H3 can stand in for it (test_backups.py): where self-repair
was expected before looking. The bound is a tenth of the direct effect. Ablated at the end of the
prompt, over prompts with three unrelated names, the final norm's scale frozen. Nearly half of what
is taken directly came back, more than was expected.
"""

from circuit_assert import ioi, later_layers_repair

PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def repaired(component, by, **options):
    return later_layers_repair(component, on=PROMPTS, by=by, reference="corrupt", **options)


def test_L11H3_is_repaired(gemma):
    assert repaired(gemma["L11H3"], by=0.1)
