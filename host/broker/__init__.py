"""The MQTT broker: set one up, listen to it."""
