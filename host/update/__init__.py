"""Updates over the air."""
