"""Sales channels: headless shops, other POS and payment providers, each in a folder, all behind `ports.py`."""
