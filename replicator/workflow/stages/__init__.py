"""The stages of a run: one function each, which returns its subworkflow."""
