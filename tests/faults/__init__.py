"""What can befall a till's own disk and clock, played many times and counted: `./dev faults`."""
