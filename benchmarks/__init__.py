"""Speed, memory and growth beside a floor and peers, in one run: `make bench`, or `python -m benchmarks --help`."""
