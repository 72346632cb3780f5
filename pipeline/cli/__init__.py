"""The command line. Each command is a module."""
