"""Readers under attack: `targets` feeds bytes to one reader each, `corpus` keeps the bytes that were worth keeping."""
