"""One interaction per call: reports in, call records merged, interactions delivered."""
