"""BigQuery on DuckDB and sqlglot: exact where it answers, refused where it cannot be."""
