"""BigQuery's errors, in BigQuery's shape.

https://docs.cloud.google.com/bigquery/docs/error-messages
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

STATUS: Final = {
    "accessDenied": 403,
    "backendError": 503,
    "bytesBilledLimitExceeded": 400,
    "conditionNotMet": 412,
    "duplicate": 409,
    "internalError": 500,
    "invalid": 400,
    "invalidQuery": 400,
    "notFound": 404,
    "notImplemented": 501,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
    "required": 400,
    "resourceInUse": 400,
    "resourcesExceeded": 400,
    "responseTooLarge": 403,
    "stopped": 200,
}


class BigQueryError(Exception):
    """What the service answers instead of a result.

    Attributes:
        reason: One of the service's reasons, a key of ``STATUS``.
        message: The sentence that a person reads, in the service's own words where they are known.
        location: The field or position that the error is about, where there is one.
        status: The HTTP status that goes with it.
    """

    def __init__(self, reason: str, message: str, *, location: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.location = location
        self.status = STATUS[reason]

    def proto(self) -> dict[str, Any]:
        """An ``ErrorProto``, as jobs carry it."""
        error = {"reason": self.reason, "message": self.message}
        if self.location is not None:
            error["location"] = self.location
        return error

    def body(self) -> dict[str, Any]:
        """The body of an HTTP answer with this error."""
        return {
            "error": {
                "code": self.status,
                "message": self.message,
                "errors": [{"domain": "global", **self.proto()}],
            }
        }


def refuse(reason: str, message: str, *, location: str | None = None) -> NoReturn:
    """Answer with an error."""
    raise BigQueryError(reason, message, location=location)


def unmodelled(what: str) -> BigQueryError:
    """The refusal of something that BigQuery may well do, and this server does not know how to do truly."""
    return BigQueryError(
        "notImplemented", f"{what} is not modelled by the local cloud, which refuses rather than guesses"
    )
