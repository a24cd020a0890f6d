"""bonusctl: plan and apply for the bonuses of crowd workers."""

__version__ = "0.1.0"
