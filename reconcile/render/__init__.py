"""Formatters: values in, text out. Nothing here prints."""
