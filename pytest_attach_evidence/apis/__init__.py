"""Clients of the vendors' REST APIs: documented operations, typed. They know HTTP, not evidence."""
