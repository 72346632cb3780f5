"""From what people typed to what can be compared."""
