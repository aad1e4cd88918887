"""Numbers, dial plan, call variables and command outcomes, without any vendor's protocol."""
