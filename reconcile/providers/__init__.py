"""Providers: what they pay (rules), the interface to the protocol (base), and one package each."""
