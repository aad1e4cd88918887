"""Decisions about numbers before and during calls."""
