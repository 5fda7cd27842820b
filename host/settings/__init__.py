"""config.json and the secrets of the nodes."""
