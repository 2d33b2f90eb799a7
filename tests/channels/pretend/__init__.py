"""A web shop that tests pretend: stateful, with every fault that a vendor has."""
