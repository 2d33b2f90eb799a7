"""What other programs ask of the hub over HTTP: availability for the web shop, health, metrics."""
