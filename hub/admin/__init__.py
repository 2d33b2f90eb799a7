"""What people who manage see: the dashboard, its login and its words. Reads through `hub.api.port`, never a table."""
