"""What candela costs, beside what people would use instead. ``python -m benchmarks --help`` says what can be run."""
