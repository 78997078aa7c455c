"""YAML as a tree whose every key and value knows where it was written."""
