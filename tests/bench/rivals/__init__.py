"""Other tools on the copy task, a process each: POSTS.jsonl in, COPIES.jsonl out, one JSON line with the seconds."""
