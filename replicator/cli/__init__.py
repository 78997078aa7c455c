"""The command line: one module per verb, each loaded when it is asked for."""
