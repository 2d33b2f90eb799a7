"""The simulation: the real sessions of tills and hub, a model of broker and network, virtual time, one seed a run."""
