"""GoogleSQL: names and types resolved by its own rules, and DuckDB's SQL that yields the same values."""
