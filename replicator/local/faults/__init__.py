"""Faults that a test asks for: calls that fail, wait or are never answered, jobs that fail or are held."""
