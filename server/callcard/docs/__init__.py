"""Documentation of the service in Markdown; `pages` generates those of settings and API."""
