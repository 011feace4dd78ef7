"""The sections of the Overview tab."""
