"""A provider of payments that knows people, too, for tests."""
