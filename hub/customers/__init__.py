"""Customers as an office keeps them in files."""
