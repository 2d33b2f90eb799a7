"""Stock: from movements to levels. Pure."""
