"""The till's pure core: what is being sold, what it costs, what is said to the cashier. No I/O in this room."""
