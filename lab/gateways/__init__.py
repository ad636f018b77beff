"""Real gateways on loopback, started by tests and by the tables of lab: our own server, Envoy, nginx, LiteLLM.

In: a folder. Out: running processes that end with the block. Order inside: `own` (our server, a mock model, one
request) -> `postgres`, `envoy`, `nginx`, `litellm`, `asgi` -> `load` (many requests, and what was answered).
"""
