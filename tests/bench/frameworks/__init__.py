"""The first step of the core called as other frameworks call things; one script each, run as a process of its own."""
