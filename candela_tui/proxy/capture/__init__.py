"""Record exchanges: facts are noted while a request is relayed, and decoded afterwards."""
