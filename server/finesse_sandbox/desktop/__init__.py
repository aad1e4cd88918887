"""The agent desktop page and its endpoints."""
