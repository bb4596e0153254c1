"""HTTP as the project uses it: bounded in time and memory, and honest about what is known."""
