"""`./dev bench ingest`: durable sales a second at the hub, beside raw engines and the naive way."""
