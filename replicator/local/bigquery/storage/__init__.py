"""Tables: immutable Parquet fragments per partition, and the SQLite catalog that says which of them are in force."""
