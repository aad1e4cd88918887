"""The demo: sandbox, service and sample CRM in one process."""
