"""Speed, memory and growth, measured in one run: `make bench`, or `python -m benchmarks --help`."""
