"""Catalogue: which items there are, and how a shop's file of them is read."""
