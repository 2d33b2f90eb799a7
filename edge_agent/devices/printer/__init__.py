"""Receipt printers that speak ESC/POS.

receipt (what it says) -> layout (rows) -> picture and escpos, or text_mode (bytes); spool keeps the jobs, driver moves
them, framing reads the printer's answers, transports are the ways to it.
"""
