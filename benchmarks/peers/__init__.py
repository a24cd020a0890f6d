"""The same bonuses and the same faults for three tools: toloka-kit and boto3 as people script them, and bonusctl.

`stories` says what goes wrong, `contenders` who pays, `kit_script` and `boto_script` are the scripts, `playing` plays one
story with one of them against an emulator of its own, `counting` compares the provider's ledger with what was asked and
with what was said, `tables` writes docs/peers.md. `make peers` plays everything and records it.
"""
