"""Who may import whom: the rooms of docs/architecture.md, and what importing must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "circuit_assert"
PLUGIN = ROOT / "plugins" / "pytest_circuit_assert"

# Room → the rooms of ours it may import. Standard and third-party libraries are not listed here.
RULES = {
    "errors": set(),
    "model_names": set(),
    "linear": set(),
    "components": {"errors"},
    "prompts": {"errors"},
    "dictionaries": {"errors", "components"},
    "circuits": {"errors", "components"},
    "circuit_files": {"errors", "components", "circuits"},
    "rankings": {"errors", "components", "circuits", "circuit_files"},
    "interventions": {"errors", "components", "prompts"},
    "path_patches": {"errors", "components", "circuits", "prompts"},
    "measurements": {
        "errors",
        "components",
        "prompts",
        "interventions",
        "linear",
        "models.card",
    },
    "claims": {
        "errors",
        "components",
        "prompts",
        "circuits",
        "circuit_files",
        "rankings",
        "interventions",
        "path_patches",
        "measurements",
        "models.card",
        "model_names",
        "stats",
        "evidence",
        "superposition",
    },
    "superposition": {
        "errors",
        "claims",
        "evidence",
        "execution",
        "judging",
        "measurements",
        "session",
    },
    "stats": set(),
    "unit_scores": set(),
    "evidence": {"stats", "reporting", "unit_scores"},
    "reporting": {"errors", "stats", "evidence", "ledger", "comparison", "model_names"},
    "ledger": {"stats", "evidence", "errors"},
    "cli": {
        "errors",
        "components",
        "ledger",
        "reporting",
        "models",
        "backends",
        "forecast",
        "comparison",
        "lock",
    },
    "comparison": {"stats", "ledger"},
    "lock": {
        "errors",
        "claims",
        "measurements",
        "prompts",
        "components",
        "interventions",
        "ledger",
    },
    "models": {
        "errors",
        "components",
        "circuits",
        "circuit_files",
        "rankings",
        "dictionaries",
        "prompts",
        "measurements.base",
    },
    "backends": {"errors", "components", "linear", "prompts", "models"},
    "counterexamples": {
        "errors",
        "components",
        "prompts",
        "measurements",
        "claims",
        "models.model",
        "stats",
    },
    "next_token_neurons": {
        "errors",
        "components",
        "prompts",
        "measurements",
        "models.model",
    },
    "execution": {
        "errors",
        "components",
        "circuits",
        "dictionaries",
        "prompts",
        "interventions",
        "path_patches",
        "measurements",
        "models",
        "backends",
    },
}
HEAVY = (
    "torch",
    "scipy",
    "statsmodels",
    "transformers",
    "transformer_lens",
    "pandas",
    "datasets",
    "hypothesis",
    "jinja2",
)


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def imports_of(source: str) -> set[str]:
    """Every module that a source imports, in functions and under TYPE_CHECKING too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def breaches(room: str, source: str) -> set[str]:
    """The modules of ours that a source of a room imports and may not."""
    ours = {m.removeprefix("circuit_assert.") for m in imports_of(source) if "circuit_assert." in m}
    allowed = RULES[room] | {room}
    return {m for m in ours if room_of(m) not in allowed and not _within(m, allowed)}


def _within(module: str, allowed: set[str]) -> bool:
    return any(module == a or module.startswith(f"{a}.") for a in allowed)


def sources() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        if room in RULES:
            found.append((room, path))
    return found


@pytest.mark.parametrize(("room", "path"), sources(), ids=lambda v: getattr(v, "name", v))
def test_rooms_import_only_what_they_may(room, path):
    assert breaches(room, path.read_text()) == set()


def test_a_breach_is_seen():
    source = "def f():\n    from circuit_assert.execution.executor import Executor"
    assert breaches("claims", source) == {"execution.executor", "execution.executor.Executor"}
    assert breaches("stats", "import circuit_assert.errors") == {"errors"}


def test_only_backends_name_transformer_lens():
    naming = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(room_of(m) == "transformer_lens" for m in imports_of(path.read_text()))
    }
    assert naming == {"backends"}


def test_only_counterexamples_name_hypothesis():
    naming = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(room_of(m) == "hypothesis" for m in imports_of(path.read_text()))
    }
    assert naming == {"counterexamples"}


def test_the_library_does_not_import_pytest():
    """The command does: `circuit-assert run` is pytest."""
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] == "cli":
            continue
        assert not any(room_of(m) == "pytest" for m in imports_of(path.read_text())), path


def test_the_plugin_uses_the_public_api_and_data_only():
    inner = ("backends", "execution", "measurements", "stats.", "claims.")
    for path in PLUGIN.rglob("*.py"):
        for module in imports_of(path.read_text()):
            name = module.removeprefix("circuit_assert.")
            assert name == module or not name.startswith(inner), (path, module)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import circuit_assert",
        "from circuit_assert import Claim, ablation_drops_logit, contrast, head_is_induction, ioi",
        "from circuit_assert import model; model('gemma-3-270m')['L5H1']",
        "from circuit_assert import falsify, find_counterexample, on_one_prompt, ioi_prompts",
        "import pytest_circuit_assert",
        "from circuit_assert.cli import main",
    ],
)
def test_importing_loads_nothing_heavy(statement):
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_something_heavy_is_seen():
    assert "scipy" in loaded_by("import scipy")
