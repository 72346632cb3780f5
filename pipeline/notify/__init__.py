"""Where alerts go: people."""
