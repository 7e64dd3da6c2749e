"""How much memory a process needs to load 2,500 patterns and scan 100,000 characters."""

from __future__ import annotations

from benchmarks.inputs.common import ENGINES, Sets, WithSets

COUNT, CHARACTERS = 2_500, 100_000


class Peak(WithSets):
    """asv reports the peak of the whole process, so read each figure minus the floor."""

    params = ENGINES
    param_names = ("backend",)

    def setup(self, sets: Sets, backend: str) -> None:
        if (COUNT, backend) not in sets:  # without an import of gatecore, which is measured
            raise NotImplementedError(f"this build of gatecore has no {backend} backend")

    def peakmem_load_and_scan(self, sets: Sets, backend: str) -> None:
        from benchmarks.inputs import corpus
        from gatecore import PatternSet

        patterns = PatternSet.from_bytes(sets[COUNT, backend])
        patterns.scan(corpus.document(CHARACTERS, kind="natural")).ids()

    def peakmem_floor_document(self, sets: Sets, backend: str) -> None:
        """The same without gatecore: the sets' bytes and the making of the document."""
        from benchmarks.inputs import corpus

        corpus.document(CHARACTERS, kind="natural")

    def peakmem_floor_import(self, sets: Sets, backend: str) -> None:
        import gatecore  # noqa: F401 - importing is what is measured
