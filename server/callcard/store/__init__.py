"""Callcard's own data: what is known of calls before the CRM hears of it, callbacks, number lists, and who did what."""
