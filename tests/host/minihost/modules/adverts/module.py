"""The adverts module: its gates in the order they are asked."""

from ...core.gate_module import GateModule
from .gates.price_claims import PriceClaimsGate
from .gates.scarcity import ScarcityGate
from .gates.small_print import SmallPrintGate
from .gates.sponsors import SponsorsGate
from .gates.superlatives import SuperlativesGate
from .gates.tone import ToneGate


class AdvertsModule(GateModule):
    def __init__(self) -> None:
        self.name = "Adverts"
        self.version = "2.1.0"
        self.gates = {
            "price_claims": PriceClaimsGate(),
            "superlatives": SuperlativesGate(),
            "scarcity": ScarcityGate(),
            "small_print": SmallPrintGate(),
            "sponsors": SponsorsGate(),
            "tone": ToneGate(),
        }
