"""The Finesse client: REST requests, notifications, and the presence of users on the nodes."""
