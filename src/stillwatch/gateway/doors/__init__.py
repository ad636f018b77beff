"""One contract a file: what others ask us over HTTP, and what they understand as an answer.

In: a method, a path, headers, a body. Out: `Reply`. A door is a pure function of the gate and one request.
"""

from stillwatch.gateway.doors.reply import Called, Reply

__all__ = ["Called", "Reply"]
