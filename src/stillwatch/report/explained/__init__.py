"""Why a campaign was accused, an account counted or cleared, an exchange taken: in words that can be read aloud.

In: the folder that a scan wrote, and an id. Out: an `Explanation`, printed by `terminal`.
Read `stored` for what is read, `account` for the words to a customer, `innocent` for the innocent explanations.
"""

from stillwatch.report.explained.account import explain_account
from stillwatch.report.explained.campaign import explain_campaign
from stillwatch.report.explained.exchange import Looked, explain_exchange
from stillwatch.report.explained.stored import Stored, open_folder
from stillwatch.report.explained.terminal import print_explanation
from stillwatch.report.explained.values import Explanation, explanation_json

__all__ = [
    "Explanation",
    "Looked",
    "Stored",
    "explain_account",
    "explain_campaign",
    "explain_exchange",
    "explanation_json",
    "open_folder",
    "print_explanation",
]
