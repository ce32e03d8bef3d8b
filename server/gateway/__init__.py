"""The hospital's front machine (前置机): receives, keeps, checks, uploads; needs the centre's
address and its own credentials, nothing else (E-01)."""
