"""The methods of Google's APIs that a workflow may call, one table for each service."""
