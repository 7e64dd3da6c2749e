"""Reports and profiles as one HTML page.

`render` many documents, or add them to an `HtmlReport`; `render_profile` a profile.
"""

from gatecore.output.html.page import HtmlReport, render
from gatecore.output.html.profile import render_profile

__all__ = ["HtmlReport", "render", "render_profile"]
