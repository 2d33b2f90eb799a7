"""A whole chain of stores as real processes, to be harmed: PostgreSQL, Mosquitto, hubs, tills that sell, and the check.

`plan.py` says how much of it there is, `stand.py` builds it up, `strikes.py` plays one fault on it many times, and
`check.py` says exactly what was lost or doubled.
"""
