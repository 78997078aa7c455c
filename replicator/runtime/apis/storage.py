"""Cloud Storage: docs.cloud.google.com/workflows/docs/reference/googleapis/storage/Overview.

Names of objects are escaped by the document ("URL-encode object names to be path safe"), so they are sent as they
come. What the JSON API has got since for folders, caches and soft deletion is not in the table.
"""

from __future__ import annotations

from typing import Final

from replicator.runtime.apis.method import Method, methods

_HOME: Final = "/storage/v1"
_BUCKET: Final = f"{_HOME}/b/{{=bucket}}"
_OBJECT: Final = f"{_BUCKET}/o/{{=object}}"
_SOURCE: Final = f"{_HOME}/b/{{=sourceBucket}}/o/{{=sourceObject}}"
_DESTINATION: Final = "b/{=destinationBucket}/o/{=destinationObject}"
_PROJECT: Final = f"{_HOME}/projects/{{projectId}}"

_PAYER: Final = "userProject"
_META: Final = "ifMetagenerationMatch ifMetagenerationNotMatch"
_IF: Final = f"ifGenerationMatch ifGenerationNotMatch {_META}"
_SOURCE_IF: Final = (
    "ifSourceGenerationMatch ifSourceGenerationNotMatch ifSourceMetagenerationMatch ifSourceMetagenerationNotMatch"
)
_ACL: Final = "predefinedAcl predefinedDefaultObjectAcl"
_LISTING: Final = (
    "delimiter endOffset includeTrailingDelimiter maxResults pageToken prefix projection startOffset versions"
)
_COPY: Final = (
    f"body destinationKmsKeyName destinationPredefinedAcl projection sourceGeneration {_IF} {_SOURCE_IF} {_PAYER}"
)


def _access_controls(name: str, path: str, more: str = "") -> tuple[Method, ...]:
    """The six methods that each kind of access control has."""
    words = f"{more} {_PAYER}"
    return methods(
        f"storage.v1.{name}",
        (
            ("delete", "DELETE", f"{path}/{{entity}}", words),
            ("get", "GET", f"{path}/{{entity}}", words),
            ("insert", "POST", path, f"body {words}"),
            ("list", "GET", path, f"{_META} {words}" if name == "defaultObjectAccessControls" else words),
            ("patch", "PATCH", f"{path}/{{entity}}", f"body {words}"),
            ("update", "PUT", f"{path}/{{entity}}", f"body {words}"),
        ),
    )


STORAGE: Final = (
    *_access_controls("bucketAccessControls", f"{_BUCKET}/acl"),
    *_access_controls("defaultObjectAccessControls", f"{_BUCKET}/defaultObjectAcl"),
    *_access_controls("objectAccessControls", f"{_OBJECT}/acl", "generation"),
    *methods(
        "storage.v1",
        (
            ("buckets.delete", "DELETE", _BUCKET, f"{_META} {_PAYER}"),
            ("buckets.get", "GET", _BUCKET, f"projection {_META} {_PAYER}"),
            ("buckets.getIamPolicy", "GET", f"{_BUCKET}/iam", f"optionsRequestedPolicyVersion {_PAYER}"),
            ("buckets.insert", "POST", f"{_HOME}/b", f"body project! projection {_ACL} {_PAYER}"),
            ("buckets.list", "GET", f"{_HOME}/b", f"project! maxResults pageToken prefix projection {_PAYER}"),
            (
                "buckets.lockRetentionPolicy",
                "POST",
                f"{_BUCKET}/lockRetentionPolicy",
                f"ifMetagenerationMatch! {_PAYER}",
            ),
            ("buckets.patch", "PATCH", _BUCKET, f"body projection {_ACL} {_META} {_PAYER}"),
            ("buckets.setIamPolicy", "PUT", f"{_BUCKET}/iam", f"body {_PAYER}"),
            ("buckets.testIamPermissions", "GET", f"{_BUCKET}/iam/testPermissions", f"permissions! {_PAYER}"),
            ("buckets.update", "PUT", _BUCKET, f"body projection {_ACL} {_META} {_PAYER}"),
            ("channels.stop", "POST", f"{_HOME}/channels/stop", "body"),
            ("notifications.delete", "DELETE", f"{_BUCKET}/notificationConfigs/{{notification}}", _PAYER),
            ("notifications.get", "GET", f"{_BUCKET}/notificationConfigs/{{notification}}", _PAYER),
            ("notifications.insert", "POST", f"{_BUCKET}/notificationConfigs", f"body {_PAYER}"),
            ("notifications.list", "GET", f"{_BUCKET}/notificationConfigs", _PAYER),
            (
                "objects.compose",
                "POST",
                f"{_HOME}/{_DESTINATION}/compose",
                f"body destinationPredefinedAcl ifGenerationMatch ifMetagenerationMatch kmsKeyName {_PAYER}",
            ),
            ("objects.copy", "POST", f"{_SOURCE}/copyTo/{_DESTINATION}", _COPY),
            ("objects.delete", "DELETE", _OBJECT, f"generation {_IF} {_PAYER}"),
            # alt=media answers with the object's data, without it with the resource.
            ("objects.get", "GET", _OBJECT, f"alt generation projection {_IF} {_PAYER}"),
            ("objects.getIamPolicy", "GET", f"{_OBJECT}/iam", f"generation {_PAYER}"),
            # uploadType=media takes the object's data as the body.
            (
                "objects.insert",
                "POST",
                f"{_BUCKET}/o",
                f"body uploadType name contentEncoding kmsKeyName predefinedAcl projection {_IF} {_PAYER}",
            ),
            ("objects.list", "GET", f"{_BUCKET}/o", f"{_LISTING} matchGlob {_PAYER}"),
            ("objects.patch", "PATCH", _OBJECT, f"body generation predefinedAcl projection {_IF} {_PAYER}"),
            (
                "objects.rewrite",
                "POST",
                f"{_SOURCE}/rewriteTo/{_DESTINATION}",
                f"{_COPY} maxBytesRewrittenPerCall rewriteToken",
            ),
            ("objects.setIamPolicy", "PUT", f"{_OBJECT}/iam", f"body generation {_PAYER}"),
            (
                "objects.testIamPermissions",
                "GET",
                f"{_OBJECT}/iam/testPermissions",
                f"permissions! generation {_PAYER}",
            ),
            ("objects.update", "PUT", _OBJECT, f"body generation predefinedAcl projection {_IF} {_PAYER}"),
            ("objects.watchAll", "POST", f"{_BUCKET}/o/watch", f"body {_LISTING} {_PAYER}"),
            ("projects.hmacKeys.create", "POST", f"{_PROJECT}/hmacKeys", f"serviceAccountEmail! {_PAYER}"),
            ("projects.hmacKeys.delete", "DELETE", f"{_PROJECT}/hmacKeys/{{accessId}}", _PAYER),
            ("projects.hmacKeys.get", "GET", f"{_PROJECT}/hmacKeys/{{accessId}}", _PAYER),
            (
                "projects.hmacKeys.list",
                "GET",
                f"{_PROJECT}/hmacKeys",
                f"maxResults pageToken serviceAccountEmail showDeletedKeys {_PAYER}",
            ),
            ("projects.hmacKeys.update", "PUT", f"{_PROJECT}/hmacKeys/{{accessId}}", f"body {_PAYER}"),
            ("projects.serviceAccount.get", "GET", f"{_PROJECT}/serviceAccount", _PAYER),
        ),
    ),
)
