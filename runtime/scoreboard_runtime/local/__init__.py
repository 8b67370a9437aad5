"""One machine: the same manifest, with embedded stores under our own supervision."""
