"""Barcode scanners on a serial port: framing (bytes -> codes), ports (which one it is), driver (the thread)."""
