"""Reminders, recognition and citations."""
