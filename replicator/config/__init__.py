"""Pipelines and settings: what a person writes, checked, as frozen values."""
