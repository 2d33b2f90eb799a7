"""Broker: the embedded MQTT broker, and the way to an external one."""
