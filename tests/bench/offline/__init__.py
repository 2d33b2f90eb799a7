"""A till that was away for thirty days comes back to a hub on which others go on selling."""
