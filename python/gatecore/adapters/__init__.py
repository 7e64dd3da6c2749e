"""What gatecore knows about particular hosts; everything else works on any Python modules."""
