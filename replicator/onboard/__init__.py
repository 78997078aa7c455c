"""What a dataset holds, told from its metadata alone, and the pipeline file that brings it."""
