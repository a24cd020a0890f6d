"""Toloka: its requests, its answers, and what each of them proves (`outcomes`)."""
