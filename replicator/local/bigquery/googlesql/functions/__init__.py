"""GoogleSQL's functions, by family: what they take, what they yield, and DuckDB's SQL of the same value."""
