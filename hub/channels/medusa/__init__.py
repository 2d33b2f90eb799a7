"""Medusa 2: a headless shop, through its admin API. What goes where: docs/reference/channels/medusa.md."""
