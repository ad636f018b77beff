"""Detectors of others, re-implemented from their papers: what Stillwatch is measured beside."""
