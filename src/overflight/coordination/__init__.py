"""Who flies where next: parties tell each other where and when, and nothing more, before they fly (ASTM F3548-21)."""
