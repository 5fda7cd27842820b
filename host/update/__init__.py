"""Updates by air."""
