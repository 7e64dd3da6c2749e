"""The privacy module: its gates in the order they are asked."""

from ...core.gate_module import GateModule
from .gates.cookies import CookiesGate
from .gates.lawful_basis import LawfulBasisGate
from .gates.recipients import RecipientsGate
from .gates.retention import RetentionGate
from .gates.rights import RightsGate
from .gates.transfers import TransfersGate


class PrivacyModule(GateModule):
    def __init__(self) -> None:
        self.name = "Privacy"
        self.version = "2.1.0"
        self.gates = {
            "lawful_basis": LawfulBasisGate(),
            "retention": RetentionGate(),
            "transfers": TransfersGate(),
            "rights": RightsGate(),
            "cookies": CookiesGate(),
            "recipients": RecipientsGate(),
        }
