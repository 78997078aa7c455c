"""Pub/Sub: docs.cloud.google.com/workflows/docs/reference/googleapis/pubsub/Overview."""

from __future__ import annotations

from typing import Final

from replicator.runtime.apis.method import Row, methods

_PAGE: Final = "pageSize pageToken"
_POLICY: Final[tuple[Row, ...]] = (
    ("getIamPolicy", "GET", "/v1/{+resource}:getIamPolicy", "options.requestedPolicyVersion"),
    ("setIamPolicy", "POST", "/v1/{+resource}:setIamPolicy", "body"),
    ("testIamPermissions", "POST", "/v1/{+resource}:testIamPermissions", "body"),
)

PUBSUB: Final = (
    *methods(
        "pubsub.v1.projects",
        (
            ("schemas.commit", "POST", "/v1/{+name}:commit", "body"),
            ("schemas.create", "POST", "/v1/{+parent}/schemas", "body schemaId"),
            ("schemas.delete", "DELETE", "/v1/{+name}", ""),
            ("schemas.deleteRevision", "DELETE", "/v1/{+name}:deleteRevision", "revisionId"),
            ("schemas.get", "GET", "/v1/{+name}", "view"),
            ("schemas.list", "GET", "/v1/{+parent}/schemas", f"view {_PAGE}"),
            ("schemas.listRevisions", "GET", "/v1/{+name}:listRevisions", f"view {_PAGE}"),
            ("schemas.rollback", "POST", "/v1/{+name}:rollback", "body"),
            ("schemas.validate", "POST", "/v1/{+parent}/schemas:validate", "body"),
            ("schemas.validateMessage", "POST", "/v1/{+parent}/schemas:validateMessage", "body"),
            ("snapshots.create", "PUT", "/v1/{+name}", "body"),
            ("snapshots.delete", "DELETE", "/v1/{+snapshot}", ""),
            ("snapshots.get", "GET", "/v1/{+snapshot}", ""),
            ("snapshots.list", "GET", "/v1/{+project}/snapshots", _PAGE),
            ("snapshots.patch", "PATCH", "/v1/{+name}", "body"),
            ("subscriptions.acknowledge", "POST", "/v1/{+subscription}:acknowledge", "body"),
            ("subscriptions.create", "PUT", "/v1/{+name}", "body"),
            ("subscriptions.delete", "DELETE", "/v1/{+subscription}", ""),
            ("subscriptions.detach", "POST", "/v1/{+subscription}:detach", ""),
            ("subscriptions.get", "GET", "/v1/{+subscription}", ""),
            ("subscriptions.list", "GET", "/v1/{+project}/subscriptions", _PAGE),
            ("subscriptions.modifyAckDeadline", "POST", "/v1/{+subscription}:modifyAckDeadline", "body"),
            ("subscriptions.modifyPushConfig", "POST", "/v1/{+subscription}:modifyPushConfig", "body"),
            ("subscriptions.patch", "PATCH", "/v1/{+name}", "body"),
            ("subscriptions.pull", "POST", "/v1/{+subscription}:pull", "body"),
            ("subscriptions.seek", "POST", "/v1/{+subscription}:seek", "body"),
            ("topics.create", "PUT", "/v1/{+name}", "body"),
            ("topics.delete", "DELETE", "/v1/{+topic}", ""),
            ("topics.get", "GET", "/v1/{+topic}", ""),
            ("topics.list", "GET", "/v1/{+project}/topics", _PAGE),
            ("topics.patch", "PATCH", "/v1/{+name}", "body"),
            ("topics.publish", "POST", "/v1/{+topic}:publish", "body"),
            ("topics.snapshots.list", "GET", "/v1/{+topic}/snapshots", _PAGE),
            ("topics.subscriptions.list", "GET", "/v1/{+topic}/subscriptions", _PAGE),
        ),
    ),
    *methods("pubsub.v1.projects.schemas", _POLICY),
    *methods("pubsub.v1.projects.snapshots", _POLICY),
    *methods("pubsub.v1.projects.subscriptions", _POLICY),
    *methods("pubsub.v1.projects.topics", _POLICY),
)
