"""Customer displays with two lines: layout (texts into 20 columns), framing (CD5220 bytes), driver (the thread)."""
