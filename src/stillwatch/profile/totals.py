"""Totals of an account.

In: `sketched`. Out: an expression for `tables.PROFILES`; `added_totals` adds up those of several logs.
"""

import ibis.expr.types as ir


def totals(sketched: ir.Table) -> ir.Table:
    """Sum each account's exchanges and tokens and find its first and last second."""
    return sketched.group_by("account_key").agg(
        account_id=sketched.account_id.min(),
        org_id=sketched.org_id.min(),
        exchanges=sketched.count(),
        first_second=sketched.second.min(),
        last_second=sketched.second.max(),
        input_tokens=sketched.input_tokens.sum().cast("int64"),
        output_tokens=sketched.output_tokens.sum().cast("int64"),
    )


def added_totals(parts: ir.Table) -> ir.Table:
    """Give the totals of several logs together from the rows of each."""
    return parts.group_by("account_key").agg(
        account_id=parts.account_id.min(),
        org_id=parts.org_id.min(),
        exchanges=parts.exchanges.sum().cast("int64"),
        first_second=parts.first_second.min(),
        last_second=parts.last_second.max(),
        input_tokens=parts.input_tokens.sum().cast("int64"),
        output_tokens=parts.output_tokens.sum().cast("int64"),
    )
