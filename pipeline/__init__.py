"""The stages of the stream: connect, text, detect, explain, store, notify; and the command line."""
