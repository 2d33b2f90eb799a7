"""Ingest: journal batches in, one transaction, acks out."""
