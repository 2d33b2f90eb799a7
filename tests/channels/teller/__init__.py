"""A shop that tells: orders by a poll and by signed webhooks."""
