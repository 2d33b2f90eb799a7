"""The main job, for people to watch and for machines to check: `./dev demo`.

Real processes (hub, agents), real bytes (scanner on a pty, printer on TCP), a network that can be cut. The checks
compare what the simulators sent with what the hub, the tills and the web say; they share no code with what they check.
"""
