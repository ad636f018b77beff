"""Stillwatch finds, explains and stops distillation campaigns; start reading at `pipeline`."""

__version__ = "0.1.0"
