"""The ledger as values: runs, freshness, drift, and who holds the fence, read through a small port."""
