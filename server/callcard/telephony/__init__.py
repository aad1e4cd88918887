"""Numbers, dial plan, call variables and command outcomes."""
