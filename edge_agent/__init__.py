"""The agent on a POS PC: devices, till, journal, replicas, the link to the hub, and the page that the cashier sees."""
