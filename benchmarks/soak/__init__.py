"""A soak: mixed load with faults on a candela whose dashboard is in use, beside a control straight to the provider."""


def main(arguments: list[str]) -> None:
    """Run the command ``python -m benchmarks soak``."""
    # Here, because the programs that it starts are modules of this package too.
    from benchmarks.soak.command import main as run

    run(arguments)
