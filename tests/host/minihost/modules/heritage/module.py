"""A module that cannot be imported: one of its gates was never written."""

from .gates.listed_building import ListedBuildingGate
from .gates.never_written import NeverWrittenGate  # type: ignore[import-not-found]


class HeritageModule:
    def __init__(self) -> None:
        self.gates = {"listed_building": ListedBuildingGate(), "never": NeverWrittenGate()}
