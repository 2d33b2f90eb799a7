"""`./dev kills`: agents and browsers are killed around payments, again and again; afterwards nothing may be missing."""
