"""Where records come from: files, a webhook, platforms."""
