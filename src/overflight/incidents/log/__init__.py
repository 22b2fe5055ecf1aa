"""A log that can only grow: RFC 6962 trees, C2SP signed notes, checkpoints, tiles, witnesses, proofs; DSSE envelopes."""
