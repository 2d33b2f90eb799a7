"""The cashier's page: what the till shows in a browser on this PC, and what the cashier's hands say to the counter.

Read in this order: `port` (what the page asks of the counter), `picture` (a view becomes pieces of HTML), `stream`
(the pieces reach every open tab), `app` (the addresses), `guard` (who may speak to them at all).
"""
