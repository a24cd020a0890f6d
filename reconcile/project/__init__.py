"""The one place where all is put together: config, specs, state, providers, clock and a person's consent.

Everything that `bonusctl` does can be called from here, and tested, without a command line.
"""
