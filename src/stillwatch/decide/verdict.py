"""The verdict on a campaign from the answers to three questions: pure, and every combination is written down.

In: the answers to "together?", "hidden?" and "taking?". Out: a `Verdict` of DESIGN.md section 2.
"""

from collections.abc import Mapping

from stillwatch.types import Answer, Verdict

_KNOWN_HIDDEN: tuple[Answer, ...] = ("yes", "no")
_KNOWN_TAKING: tuple[Answer, ...] = ("yes", "mixed", "no")

# (hidden, taking) of accounts that are together. Two cells need a word. A declared organisation of whose traffic a
# part harvests has the same contract question as one that harvests with all of it. Accounts that hide and take
# nothing break no promise that this product watches: they are reported as an organisation, with their hiding in the
# findings, and never accused.
_VERDICTS: Mapping[tuple[Answer, Answer], Verdict] = {
    ("yes", "yes"): Verdict.DISTILLATION,
    ("yes", "mixed"): Verdict.RELAY,
    ("yes", "no"): Verdict.ORGANISATION,
    ("no", "yes"): Verdict.DECLARED_HARVEST,
    ("no", "mixed"): Verdict.DECLARED_HARVEST,
    ("no", "no"): Verdict.ORGANISATION,
}


def decide(together: Answer, hidden: Answer, taking: Answer) -> Verdict:
    """Give the verdict that the three answers lead to; a missing answer counts only where it could change it.

    A question that was not evaluated stands for each of its possible answers. If all of them lead to one verdict,
    that is the verdict; otherwise it is `not_evaluated`, never the milder or the harsher guess.

    Raises:  ValueError: "together" or "hidden" is "mixed", which those questions never answer.
    """
    if "mixed" in (together, hidden):
        raise ValueError("'together' and 'hidden' are answered by yes, no or not_evaluated, never by mixed")
    if together == "no":
        return Verdict.NO_CAMPAIGN
    if together == "not_evaluated":
        return Verdict.NOT_EVALUATED
    hidden_answers = _KNOWN_HIDDEN if hidden == "not_evaluated" else (hidden,)
    taking_answers = _KNOWN_TAKING if taking == "not_evaluated" else (taking,)
    possible = {_VERDICTS[h, t] for h in hidden_answers for t in taking_answers}
    return possible.pop() if len(possible) == 1 else Verdict.NOT_EVALUATED
