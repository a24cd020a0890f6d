"""How a payment is made exactly once: scan, gate, recover, plan, send, settle, report, in this order."""
