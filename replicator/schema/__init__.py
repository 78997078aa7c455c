"""Table schemas as values."""
