"""Receipt printers that speak ESC/POS.

receipt (what it says) -> layout (picture) -> escpos (bytes) -> spool (durable jobs) -> driver (moves them);
framing reads the printer's answers, transport is the TCP line.
"""
