"""A soak: mixed load with faults on a candela whose dashboard is in use, beside a control straight to the provider."""
