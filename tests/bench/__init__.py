"""`./dev bench`: what a till costs its cashier, measured with the real agent, byte-level devices and a real browser."""
