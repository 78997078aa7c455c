"""Cloud Storage's errors, in the JSON API's shape.

https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

STATUS: Final = {
    "badRequest": 400,
    "conditionNotMet": 412,
    "conflict": 409,
    "internalError": 500,
    "invalid": 400,
    "notFound": 404,
    "notImplemented": 501,
    "required": 400,
    "requestedRangeNotSatisfiable": 416,
    "wrongUrlForUpload": 400,
}
"""Of each reason its HTTP status."""


class StorageError(Exception):
    """What the service answers instead of a result.

    Attributes:
        reason: A key of ``STATUS``.
        message: The sentence that a person reads.
        status: The HTTP status that goes with the reason.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = STATUS[reason]

    def body(self) -> dict[str, Any]:
        """The body of an HTTP answer with this error."""
        error = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.status, "message": self.message, "errors": [error]}}


def refuse(reason: str, message: str) -> NoReturn:
    """Answer with an error."""
    raise StorageError(reason, message)


def unmodelled(what: str) -> StorageError:
    """The refusal of something that Cloud Storage may well do, and this server does not know how to do truly."""
    return StorageError("notImplemented", f"{what}: not modelled by the local cloud, which refuses rather than guesses")
