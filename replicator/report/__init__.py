"""What a person sees: tables, progress, and plain words for numbers."""
