"""`./dev study`: is what we claim of the hub's rules true? Replayed on real baskets, with the code that ships."""
