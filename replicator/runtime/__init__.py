"""Cloud Workflows, run here: parser, expressions, standard library, scopes, retries, connectors, linter.

https://docs.cloud.google.com/workflows/docs/reference/syntax. Knows nothing of replication.
"""
