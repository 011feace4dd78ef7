"""Claude in Microsoft Foundry."""
