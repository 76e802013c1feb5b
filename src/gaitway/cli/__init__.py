"""The command line: parse, call wiring, print."""
