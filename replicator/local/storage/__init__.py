"""Cloud Storage, as far as files are put in, listed, read and removed."""
