"""The voice: what a run tells people and machines about its evidence."""
