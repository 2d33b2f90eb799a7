"""Simulated shop hardware, at the level of bytes: scanner, receipt printer, cash drawer.

Imports none of the other packages on purpose: code shared with a driver would share its faults too.
"""
