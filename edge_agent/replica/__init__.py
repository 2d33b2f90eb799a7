"""The replica: this till's copy of what the hub says, and what this till itself has moved since."""
