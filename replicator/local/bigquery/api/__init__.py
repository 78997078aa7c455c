"""BigQuery's REST API: jobs, queries, datasets, tables, rows and uploads."""
