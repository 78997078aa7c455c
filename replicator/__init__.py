"""replicator: BigQuery data from many regions in one partitioned table, by a generated Cloud Workflow."""

__version__ = "0.1.0"
