"""The report as one HTML page: self-contained, printable, light and dark, without script or outside request.

In: a `Scan`. Out: HTML text, equal for equal scans. One function a section; read `markup` for why nothing that a log
holds can become part of the page, `campaign` for what is shown of a campaign.
"""

from stillwatch.report import answers
from stillwatch.report.page.campaign import campaign_article
from stillwatch.report.page.ending import ending
from stillwatch.report.page.markup import document, element
from stillwatch.report.page.overview import header, ranking
from stillwatch.report.page.parts import left_out
from stillwatch.report.words import ranked
from stillwatch.types import Scan

_DETAILED = 25  # campaigns with an article of their own


def html_page(scan: Scan) -> str:
    """Make the page; its size is bounded whatever the scan holds, and it says what it leaves out."""
    campaigns = ranked(scan)
    articles = [campaign_article(c, number, scan) for number, c in enumerate(campaigns[:_DETAILED], 1)]
    cut = left_out(len(articles), len(campaigns), "campaign", "campaigns.json")
    main = element("main", ranking(campaigns, scan, len(articles)), *articles, cut, ending(scan))
    return document(f"Stillwatch report: {answers.headline(scan)}", header(scan), main)
