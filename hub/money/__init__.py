"""Money of providers held against what tills took, per store and day."""
