"""Identity: keys of terminals and feeds, and the secret of the admin pages."""
