"""Saving what is left of a damaged `till.db`: its pages, its rows, a new database made of them."""
