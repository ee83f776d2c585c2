"""Laws that hold for every value, across rooms."""
