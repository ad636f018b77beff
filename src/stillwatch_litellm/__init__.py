"""Stillwatch inside a LiteLLM proxy: a guardrail that asks the gateway, and a logger that loses no row.

In: LiteLLM's hooks. Out: requests let through, limited or stopped; rows on their way to the gateway. This package
imports nothing of `stillwatch`, and `stillwatch` nothing of it: copy the folder beside the proxy's configuration.
Name `stillwatch_litellm.guardrail.StillwatchGuardrail` and `stillwatch_litellm.logger.logger` in config.yaml.
"""
