"""The workshop module: gates that are registered one by one."""

from ...core.gate_module import RegisteredModule
from .gates.glossary import GlossaryGate
from .gates.job_numbers import JobNumbersGate
from .gates.sentences import SentencesGate
from .gates.tariff import TariffGate
from .gates.warranty import WarrantyGate


class WorkshopModule(RegisteredModule):
    def __init__(self) -> None:
        super().__init__()
        self.name = "Workshop"
        self.version = "0.9.0"
        self.register_gate("tariff", TariffGate(), version="1.1.0", tags=["money"])
        self.register_gate("job_numbers", JobNumbersGate(), tags=("order", "money"))
        self.register_gate("glossary", GlossaryGate())
        self.register_gate("sentences", SentencesGate())
        self.register_gate("warranty", WarrantyGate(), version="3.0.0")
