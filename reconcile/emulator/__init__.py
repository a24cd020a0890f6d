"""The embedded provider: a real HTTP server with a durable ledger of its own."""
