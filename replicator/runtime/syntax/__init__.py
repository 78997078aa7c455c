"""From the source's text to a tree of steps, every mistake with its position."""
