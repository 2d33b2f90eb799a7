"""What a scanner or a keyboard said, taken apart: the one place that parses scans.

The promise: a card number is recognised before anything else can see it, and nothing that was scanned raises. Whether
a code is known is asked first by the caller: shops do print codes of their own that have no check digit, or a wrong
one.
"""

from edge_agent.till.codes.cards import holds_card_number
from edge_agent.till.codes.gtin import GTIN_LENGTHS, barcode_key, check_digit, is_gtin
from edge_agent.till.codes.reading import ScanKind, ScanReading, ScanRules, Suspicion, read_scan

__all__ = [
    "GTIN_LENGTHS", "ScanKind", "ScanReading", "ScanRules", "Suspicion", "barcode_key", "check_digit",
    "holds_card_number", "is_gtin", "read_scan",
]  # fmt: skip
