"""A worker in place of a dead one may die as well, while it starts: then another is started.

xdist 3.8 raises there (`NodeManager.setup_node`, where `WorkerController.setup` waits for the first
answer), which ends the whole run with an internal error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from execnet import XSpec
    from xdist.workermanage import NodeManager, WorkerController

_TRIES = 5


def persevere(nodes: NodeManager) -> None:
    """Let workers be started anew when they die before they have answered.

    Args:
        nodes: xdist's, of this run.
    """
    start = nodes.setup_node

    def start_again(spec: XSpec, putevent: Any) -> WorkerController:  # noqa: ANN401 - as xdist's
        for _ in range(_TRIES - 1):
            try:
                return start(spec, putevent)
            except (OSError, EOFError):
                spec.id = None
                nodes.group.allocate_id(spec)
        return start(spec, putevent)

    vars(nodes)["setup_node"] = start_again
