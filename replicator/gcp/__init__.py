"""Google's clients: the only place, message classes in the local cloud apart, that imports ``google.*``."""
