"""Reports as one HTML page: `render` many documents, or add them to an `HtmlReport`."""

from gatecore.output.html.page import HtmlReport, render

__all__ = ["HtmlReport", "render"]
