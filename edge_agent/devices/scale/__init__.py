"""Scales on a serial port: framing (questions, answers), reading (what a weight is worth), driver (the thread)."""
