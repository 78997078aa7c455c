"""Faults and holds at the control port; the table of what can be asked for is in ``control``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replicator.local.faults.interference import Interference
from replicator.local.rest import Call, Json, endpoint, invalid

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def fault_routes(interference: Interference) -> list[BaseRoute]:
    """``/control/faults`` and ``/control/holds``."""
    from starlette.routing import Route

    faults, holds = interference.faults, interference.holds

    def clear_faults(_call: Call) -> Json:
        faults.clear()
        return {}

    def remove_fault(call: Call) -> Json:
        faults.remove(call.path["id"])
        return {}

    def clear_holds(_call: Call) -> Json:
        holds.clear()
        return {}

    def look(call: Call) -> Json:
        return holds.look(call.path["id"], wait=_seconds(call.one("wait")))

    def release(call: Call) -> Json:
        then = call.body.get("then", "go_on")
        if then not in ("go_on", "drop"):
            message = f"""'then' is "go_on" or "drop", not {then!r}"""
            raise invalid(message)
        return holds.release(call.path["id"], drop=then == "drop")

    return [
        Route("/control/faults", endpoint(lambda call: faults.add(call.body).as_json()), methods=["POST"]),
        Route("/control/faults", endpoint(lambda _: {"faults": faults.all()}), methods=["GET"]),
        Route("/control/faults", endpoint(clear_faults), methods=["DELETE"]),
        Route("/control/faults/{id}", endpoint(remove_fault), methods=["DELETE"]),
        Route("/control/holds", endpoint(lambda call: holds.add(call.body)), methods=["POST"]),
        Route("/control/holds", endpoint(lambda _: {"holds": holds.all()}), methods=["GET"]),
        Route("/control/holds", endpoint(clear_holds), methods=["DELETE"]),
        Route("/control/holds/{id}:release", endpoint(release), methods=["POST"]),
        Route("/control/holds/{id}", endpoint(look), methods=["GET"]),
    ]


def _seconds(text: str) -> float:
    try:
        seconds = float(text or 0)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 60:
        message = f"'wait' is a number of seconds from 0 to 60, not {text!r}"
        raise invalid(message)
    return seconds
