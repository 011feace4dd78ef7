"""The parts of the Turn tab: its facts, the agents with a lane for each, and the waterfall."""
