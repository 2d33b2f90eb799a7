"""The first load of a large catalogue: as one file over HTTPS, and in parts over the link."""
