"""Building from source."""
