"""The store link: what travels between a terminal and the hub, and the machines that make it safe.

Everything here is pure: bytes and facts in, decisions out. No clock, no socket, no file. The same code runs in
the edge agent, in the hub and, under virtual time, in the simulation. The promise that it keeps: a fact that the
till has journalled takes effect at the hub exactly once or is visibly parked, and what the hub says about stock
and prices reaches every till without a gap.

Read in this order: `ids quantity money` (words), `events event movements` (what a till says), `documents` (what
the hub says), `messages frame topics` (how it is carried), `journal_sender journal_receiver feed_sender
feed_receiver` (how it survives a bad network).
"""
