"""Decisions served on live requests: one core behind many doors.

In: a snapshot of what stands in the ledger. Out: answers. Order inside: `snapshot` (the look-up) -> `asked` (what a
door knows) -> `gate` (the one decision core) -> `doors` (one contract a file) -> `serving` (the processes) ->
`commands` (`stillwatch act`, `appeal`, `serve`).
"""
