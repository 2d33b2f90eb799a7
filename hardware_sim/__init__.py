"""Simulated shop hardware, at the level of bytes: scanners, scale, receipt printer, cash drawer, pole display.

Imports none of the other packages on purpose: code shared with a driver would share its faults too.
"""
