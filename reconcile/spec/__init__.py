"""Specs: YAML and data files in, desired bonuses and diagnostics out."""
