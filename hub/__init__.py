"""The hub: journals in, one ledger of stock, levels out; with dashboard, REST API and availability for the web."""
