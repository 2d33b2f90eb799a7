"""The station where a sale starts and ends: scanner, receipt printer, cash drawer.

Each kind of device is a folder: `framing.py` turns bytes into meaning without I/O, `driver.py` moves the bytes and
turns foreign errors into ours, `supervision.py` (here) is the state machine that all of them share. A device that is
gone never blocks a sale: drivers report, retry and wait; they raise nothing at the counter.
"""
