"""Kinds of channels that tests bring along: found as a shop's own package is, by the settings."""
