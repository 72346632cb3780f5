"""Attacks, and what happens: `python -m tests.attacks` writes docs/safety.md."""
