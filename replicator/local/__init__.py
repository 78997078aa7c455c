"""The local cloud: a server that Google's own clients talk to."""
