"""The faults of the sandbox: what they are (`fault`), what they do, and which wait (`waiting`)."""
