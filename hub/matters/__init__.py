"""Matters: what several events are about, such as one voucher, one customer's account, one transfer. Pure.

`parts` says which matters an event belongs to, `outcome` what follows from all events of a matter, in whatever order
they came: documents that are changed, and what a person should know. Nothing here reads a database or a clock.
"""
