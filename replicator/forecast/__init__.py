"""Questions about the next run, asked with the document's own statements."""
