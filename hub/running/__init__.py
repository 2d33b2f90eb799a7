"""Running: the threads and tallies around the sessions, as app.py joins them."""
